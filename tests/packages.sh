#!/bin/sh
# The system packages that the tests need: installs those that are absent where it may, else prints the line that does.
# `tests/packages.sh cluster` adds those of `make cluster`.
# Go is no package of these: Debian's is too old. Without it the tests of the S3 server are skipped.
set -eu
wanted="python3-venv chromium openssl default-jre-headless maven postgresql buildah debootstrap iproute2 iptables"
# Triton's Python backend loads the library of the Python that runs here; others than the system's bring their own.
python=$(readlink -f "$(command -v "${PYTHON:-python3}")")
[ "${1:-}" != cluster ] || wanted="$wanted containerd runc containernetworking-plugins conntrack curl"
case $python in /usr/bin/python3.*) wanted="$wanted lib${python##*/}" ;; esac

missing=
for package in $wanted; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
line="apt-get install --yes --no-install-recommends$missing"
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $line -qq >/dev/null
  else
    echo "For the tests that will be skipped: $line"
  fi
fi

go=$(go env GOVERSION 2>/dev/null || echo go0)
oldest=$(printf '%s\n' go1.26 "$go" | sort -V | head -n 1)
if [ "$oldest" != go1.26 ]; then
  echo "The S3 server is built with Go 1.26 or newer, which isn't on PATH: see https://go.dev/dl"
  [ -z "${MADSEG_TEST_NO_SKIP:-}" ] || exit 1
fi
