# madseg: `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROTOS := $(shell find protos -name '*.proto')

.DEFAULT_GOAL := help
SEEDS ?= 0-4
WORKERS ?= 3
PROVE = $(BIN)/python -m deploy.cluster run $(BIN)/python -m pytest -p no:randomly --verbose tests/deploy/cluster
PROOFS := tests/pipeline/servers/upgrade.py tests/deploy/finetune_image.py
SERVERS := kafka triton postgres s3
.PHONY: load sbom cluster cluster-down cluster-test help demo test soak lint format bench real models experiment proto lock setup clean servers servers-stop compose $(SERVERS)

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.installed ## Make the virtual environment from the lock file

$(VENV)/.installed: requirements/dev.lock pyproject.toml
	@echo "Setting up $(VENV) (about a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "madseg needs Python 3.11 or newer: set PYTHON=python3.x"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q services
	@$(BIN)/python -m madseg.core.warm_up
	@touch $@

demo: setup $(VENV)/.train ## Two rounds on a generated world with simulated people: mine, score, draw, train, compare
	@$(BIN)/madseg demo --output build/demo

test: ## Run the tests; as root it installs the system packages that they need
	@tests/packages.sh
	@$(MAKE) --no-print-directory setup $(VENV)/.train
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --durations 30 --durations-min 5

soak: setup $(VENV)/.train ## Run the kill and load tests at their full number, an upgrade, and fine-tuning in its image
	@MADSEG_SOAK=1 $(BIN)/python -m pytest -m soak -n $(WORKERS) --dist loadfile --verbose --durations 0 --durations-min 60 \
	  tests $(PROOFS)

lint: setup ## What CI checks before the tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@cd protos && ../$(BIN)/buf lint && ../$(BIN)/buf format --diff --exit-code
	@cd protos && ../$(BIN)/buf breaking --against released.binpb
	@PYTHON=$(BIN)/python BIN=$(BIN) tests/stubs_current.sh

format: setup ## Format the code
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format . && cd protos && ../$(BIN)/buf format --write

bench: setup $(VENV)/.train ## Measure the hot paths against their baselines, into build/bench.json
	@$(BIN)/python -m tests.perf --output build/bench.json

sbom: setup ## Write what the images are made of, and under which licences, into build/sbom (CycloneDX)
	@$(BIN)/python -m deploy.bill --output build/sbom

load: setup $(VENV)/.train ## Everything at once for half an hour, then more than it takes (ARGS="--minutes 3"), into build/bench.json
	@$(BIN)/python -m tests.load --output build/bench.json $(ARGS)

real: setup $(VENV)/.train ## Run on real networks and photographs, where they are (MADSEG_REAL, default ../shared/real)
	@$(BIN)/python -m tests.real --output build/real $(ARGS)

models: setup $(VENV)/.train ## Train the four shipped networks of the generated world again
	@$(BIN)/python -m madseg.simulation.models --out build/models
	@$(BIN)/python -m madseg.simulation.ship --from build/models --to model_repository

servers: setup ## Start the real Kafka, Triton, PostgreSQL and S3 server, and print what `madseg up` takes
	@$(BIN)/python -m deploy.local start

servers-stop: setup ## Stop them all; `make kafka`, `triton`, `postgres` and `s3` start one
	@$(BIN)/python -m deploy.local stop

$(SERVERS): setup
	@$(BIN)/python -m deploy.local start $@

compose: deploy/.env ## Start everything with Docker Compose, on Kafka, Triton, PostgreSQL and S3
	@docker compose --file deploy/compose.yaml up --build --detach --wait

cluster: setup ## Start a one-node Kubernetes with everything on it, without Docker (root, Linux, Go)
	@$(BIN)/python -m deploy.cluster up
	@$(BIN)/python -m deploy.cluster images
	@$(BIN)/python -m deploy.cluster apply

cluster-down: setup ## Take it down; nothing is left
	@$(BIN)/python -m deploy.cluster down

cluster-test: setup ## Prove on it what docs/kubernetes.md says; builds KEDA and the image with torch, the first time
	@$(BIN)/python -m tests.deploy.cluster.before
	@$(PROVE)/proof.py tests/deploy/cluster/upgrade.py
	@$(BIN)/python -m deploy.cluster keda
	@$(PROVE)/scaling.py
	@$(BIN)/python -m deploy.cluster training
	@$(PROVE)/learning.py

deploy/.env: deploy/.env.example
	@test -e $@ || (umask 077 && while IFS= read -r line; do \
	  case "$$line" in *=) echo "$$line$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')";; *) echo "$$line";; esac; \
	done < $< > $@.part && mv $@.part $@)

experiment: setup $(VENV)/.train ## Compare ways of choosing what to label, a seed at a time (SEEDS=0-4); goes on where it was
	@$(BIN)/python -m madseg.simulation.experiment --seeds $(SEEDS) --out build/experiment --results docs/experiments $(ARGS)

$(VENV)/.train: requirements/train.lock $(VENV)/.installed
	@echo "Installing torch (another minute)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/train.lock
	@touch $@

proto: setup ## Generate the gRPC stubs and docs/api.md
	@BIN=$(BIN) protos/generate.sh services docs/api.md

lock: setup ## Resolve the locked versions anew
	@BIN=$(BIN) requirements/lock.sh

clean: ## Remove what was built (not the virtual environment)
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info services/*.egg-info
	@find services tests -name __pycache__ -type d -prune -exec rm -rf {} +
