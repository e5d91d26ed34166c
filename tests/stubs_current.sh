#!/bin/sh
# Fails where the committed stubs aren't what the protos give.
set -eu
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir -p "$fresh/services"
cp -r protos "$fresh/protos"
BIN="$(cd "${BIN:-.venv/bin}" && pwd)"
cd "$fresh/protos"
PATH="$BIN:$PATH" "$BIN/python" -W ignore -m grpc_tools.protoc -I. \
  --python_out=../services --grpc_python_out=../services --mypy_out=../services --mypy_grpc_out=../services \
  madseg/v1/*.proto 2>/dev/null
cd - >/dev/null
diff -r -x __init__.py -x __pycache__ "$fresh/services/madseg/v1" services/madseg/v1 ||
  { echo "the stubs differ from protos/: run make proto"; exit 1; }
