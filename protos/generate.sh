#!/bin/sh
# Generates messages, services and their types from protos/ into the source root $1, and the reference into $2.
set -eu
cd "$(dirname "$0")"
bin="../${BIN:-.venv/bin}"
case "${BIN:-}" in /*) bin=$BIN ;; esac
PATH="$(cd "$bin" && pwd):$PATH" "$bin/python" -W ignore -m grpc_tools.protoc -I. \
  --python_out="../$1" --grpc_python_out="../$1" --mypy_out="../$1" --mypy_grpc_out="../$1" \
  madseg/v1/*.proto
described=$(mktemp)
trap 'rm -f "$described"' EXIT
"$bin/python" -W ignore -m grpc_tools.protoc -I. --include_source_info --descriptor_set_out="$described" madseg/v1/*.proto
"$bin/python" reference.py "$described" >"../$2"
