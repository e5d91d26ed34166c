#!/bin/sh
# Fails where the committed stubs or the reference aren't what the protos give.
set -eu
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir -p "$fresh/services" "$fresh/docs"
cp -r protos "$fresh/protos"
BIN="$(cd "${BIN:-.venv/bin}" && pwd)" "$fresh/protos/generate.sh" services docs/api.md 2>/dev/null
diff -r -x __init__.py -x __pycache__ "$fresh/services/madseg/v1" services/madseg/v1 &&
  diff "$fresh/docs/api.md" docs/api.md ||
  { echo "the stubs or docs/api.md differ from protos/: run make proto"; exit 1; }
