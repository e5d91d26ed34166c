#!/bin/sh
# Generates messages, services and their types from protos/ into the source root given as $1.
set -eu
cd "$(dirname "$0")"
bin="../${BIN:-.venv/bin}"
PATH="$(cd "$bin" && pwd):$PATH" "$bin/python" -W ignore -m grpc_tools.protoc -I. \
  --python_out="../$1" --grpc_python_out="../$1" --mypy_out="../$1" --mypy_grpc_out="../$1" \
  madseg/v1/*.proto
