# The commands people, continuous integration and outside checks rely on.
.DEFAULT_GOAL := help
.PHONY: help setup setup-deploy setup-emulator setup-evaluation demo serve test test-long check bench evaluate build deploy-check lock clean

PYTHON ?= python3
BIN := .venv/bin
DEPLOY := .venv-deploy
EMULATOR := .venv-emulator
EVALUATION := .venv-evaluation
export SAM_CLI_TELEMETRY := 0
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/$(DEPLOY)/bin:$(PATH)

help: ## what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 18

setup: .venv/.ready ## the environment the project runs and is tested in

.venv/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup-deploy: $(DEPLOY)/.ready ## the AWS SAM command line, in an environment of its own

# The locks are complete, and pip 23 cannot resolve extras in hash mode: --no-deps installs them as they are.
$(DEPLOY)/.ready: requirements/deploy.txt
	$(PYTHON) -m venv $(DEPLOY)
	$(DEPLOY)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/deploy.txt
	@touch $@

setup-emulator: $(EMULATOR)/.ready ## the emulator of AWS, on the Python minor version that Lambda runs

$(EMULATOR)/.ready: requirements/emulator.txt
	"$$(tests/python313)/python3.13" -m venv $(EMULATOR)
	$(EMULATOR)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/emulator.txt
	@touch $@

setup-evaluation: $(EVALUATION)/.ready ## the real purchases that make evaluate reads, in an environment of their own

$(EVALUATION)/.ready: requirements/evaluation.txt
	$(PYTHON) -m venv $(EVALUATION)
	$(EVALUATION)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/evaluation.txt
	@touch $@

demo: setup ## the main job on this machine, told with its figures; leaves nothing running
	@$(BIN)/mydata demo

serve: setup ## the hub at http://localhost:8787 with the sample people
	@$(BIN)/mydata serve

# The partner that we did not write: npm's openid-client; without Node.js its tests say so and are skipped.
NODE_PACKAGES := tests/protocol/node_modules/.package-lock.json

$(NODE_PACKAGES): tests/protocol/package.json tests/protocol/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js is missing: tests/protocol is skipped"; exit 0; }; \
	cd tests/protocol && npm ci --silent --ignore-scripts && touch node_modules/.package-lock.json

test: setup $(NODE_PACKAGES) ## the whole suite; skips, with the reason, only what this machine lacks
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-long: setup $(NODE_PACKAGES) ## the same, with everything that chance decides tried as often as is claimed
	MYDATA_LONG=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -o timeout=3600

check: setup ## format, lint, types, imports, lock freshness
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	tests/check-locks

# The authorization server that the hub's is measured beside; the benchmark says so where it is missing.
PEER_PACKAGES := tests/bench/provider/node_modules/.package-lock.json

$(PEER_PACKAGES): tests/bench/provider/package.json tests/bench/provider/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js is missing: npm's oidc-provider is left out"; exit 0; }; \
	cd tests/bench/provider && npm ci --silent --ignore-scripts && touch node_modules/.package-lock.json \
	|| echo "npm ci failed: npm's oidc-provider is left out"

bench: setup $(PEER_PACKAGES) ## benchmarks: ratios against a peer or a physical limit of the same run
	@$(BIN)/python -m tests.bench

# Brands and their kinds as OpenStreetMap's editors sort them; nothing of it is copied into the project.
BRANDS := tests/evaluation/node_modules/.package-lock.json

$(BRANDS): tests/evaluation/package.json tests/evaluation/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js is missing: merchants' names are left out"; exit 0; }; \
	cd tests/evaluation && npm ci --silent --ignore-scripts && touch node_modules/.package-lock.json \
	|| echo "npm ci failed: merchants' names are left out"

evaluate: setup $(BRANDS) ## what the hub makes of real data, where MYDATA_EVALUATION_DATA names some
	@$(MAKE) --no-print-directory setup-evaluation || echo "the real purchases could not be installed: habits are left out"
	@$(BIN)/python -m tests.evaluation

build: setup setup-deploy ## what would be deployed, in .aws-sam/build
	PATH="$$(tests/python313):$$PATH" $(DEPLOY)/bin/sam build

deploy-check: setup setup-deploy setup-emulator ## validate, build, run the artefact, deploy to an emulator, prove the template
	@$(BIN)/python -m tests.deploy
	$(BIN)/pytest -q tests/architecture

lock: setup ## resolve the dependencies anew into the lock files
	tests/check-locks --write

clean: ## what the targets above have made
	rm -rf .venv $(DEPLOY) $(EMULATOR) $(EVALUATION) .aws-sam .mydata tests/protocol/node_modules tests/bench/provider/node_modules tests/evaluation/node_modules bench.json evaluation.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
