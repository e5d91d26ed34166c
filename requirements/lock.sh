#!/bin/sh
# Resolves the locked versions anew: `dev.lock` is everything but torch, `train.lock` adds what training needs.
set -eu
cd "$(dirname "$0")/.."
uv() { "${BIN:-.venv/bin}/python" -m uv "$@"; }
options="--quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11"
uv pip compile $options --extra dev --constraint requirements/together.txt pyproject.toml -o requirements/dev.lock
grep -oE '^[A-Za-z0-9_.-]+==[^ ;]+' requirements/dev.lock > requirements/.resolved
uv pip compile $options --extra dev --extra finetune --constraint requirements/.resolved pyproject.toml -o requirements/train.lock
rm requirements/.resolved
