#!/bin/sh
# Resolves the locked versions anew: `dev.lock` is everything but torch, `train.lock` adds what training needs,
# `service.lock` and `finetune.lock` are what the images hold of them, `build.lock` what makes madseg's wheel for them,
# `triton.lock` is the local Triton's own environment.
set -eu
cd "$(dirname "$0")/.."
uv() { "${BIN:-.venv/bin}/python" -m uv "$@"; }
options="--quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11"
uv pip compile $options --extra dev --constraint requirements/together.txt pyproject.toml -o requirements/dev.lock
grep -oE '^[A-Za-z0-9_.-]+==[^ ;]+' requirements/dev.lock > requirements/.resolved
uv pip compile $options --extra dev --extra finetune --constraint requirements/.resolved pyproject.toml -o requirements/train.lock
uv pip compile $options --extra up --constraint requirements/.resolved pyproject.toml -o requirements/service.lock
sed -nE 's/^([A-Za-z0-9_.-]+==.*) \\$/\1/p' requirements/train.lock > requirements/.resolved
uv pip compile $options --extra finetune --extra cli --constraint requirements/.resolved pyproject.toml -o requirements/finetune.lock
uv pip compile $options --constraint requirements/.resolved requirements/build.in -o requirements/build.lock
grep -v '^numpy==' requirements/together.txt > requirements/.resolved
uv pip compile $options --no-deps --constraint requirements/.resolved requirements/triton.in -o requirements/triton.lock
rm requirements/.resolved
