# Everything a person does here. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help demo test check simulate bench bench-proxy bench-pack soak fuzz slow engine base-image \
	browser servers screenshots scaling up clean lock setup compile compiled

BIN := .venv/bin
MINUTES := 30
SETUP := .venv/.installed
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# The first Python that runs (version managers leave commands that do not) and is new enough.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	if $$python -c '$(USABLE)' >/dev/null 2>&1; then echo $$python; break; fi; done)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# Containers need a base image, and the sample app's wheels: $$engine chooses the process engine
# where they cannot be had.
define with_base
engine=; \
if scripts/engine.sh answers && ! scripts/base-image.sh; then \
	echo "make: without a base image it goes on without containers"; \
	engine="--engine process"; \
fi;
endef

demo: compiled ## A narrated run: place, balance, scale, kill, heal, tear down
	@$(with_base) $(BIN)/orch demo $$engine

test: compiled ## The whole test suite; Docker tests run where an engine answers
	@$(with_base) $(BIN)/pytest

check: $(SETUP) ## Lint, formatting, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

simulate: $(SETUP) ## A thousand seeded simulations of the whole controller, with faults
	$(BIN)/python -m tests.simulation --runs 1000

bench: compiled ## The benchmarks, against peers
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-bench.lock
	$(BIN)/python -m benchmarks

bench-proxy: compiled ## The proxy beside nginx, HAProxy, Envoy, Traefik and Caddy
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-bench.lock
	$(BIN)/python -m benchmarks proxy --runs 6

soak: compiled ## Half an hour of traffic while replicas die and roll (make soak MINUTES=5)
	$(BIN)/python -m benchmarks soak --minutes $(MINUTES)

SECONDS ?= 600

fuzz: $(SETUP) ## Fuzz the parsers, guided by coverage (Linux; make fuzz SECONDS=60)
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-fuzz.lock
	$(BIN)/python -m tests.fuzz $(SECONDS)

slow: compiled ## The proxy under slowhttptest (Debian: apt-get install slowhttptest)
	$(BIN)/python -m benchmarks slow

bench-pack: $(SETUP) ## Packing quality on the instances and traces in DATA=DIR
	@test -n "$(DATA)" || { echo "name the folder of the data: make bench-pack DATA=DIR" >&2; exit 2; }
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-prove.lock
	$(BIN)/python -m benchmarks packing --data "$(DATA)"

engine: ## Install (Debian, Ubuntu) and start a Docker engine where none answers
	scripts/engine.sh

base-image: $(SETUP) ## Pull or build the base image of the sample app
	scripts/base-image.sh

browser: ## Install (Debian, Ubuntu) Chromium for the tests of the dashboard where there is none
	scripts/browser.sh

servers: ## Install (Debian, Ubuntu) nginx and HAProxy for the tests that compare with them
	scripts/servers.sh

screenshots: compiled browser ## Take the pictures of the docs anew, from a real run
	$(BIN)/python scripts/screenshots.py

scaling: compiled ## Measure how far the sample app scales, for docs/scaling.md (5 minutes)
	$(BIN)/python scripts/scaling.py

up: compiled ## Run the example manifests until Ctrl-C
	@$(with_base) $(BIN)/orch up -f manifests/ $$engine

clean: ## Remove .venv, caches and fetched files
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf .coverage dist build sample_app/wheels
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(SETUP) ## Create .venv with what requirements-dev.lock pins

compile: $(SETUP) ## Compile the proxy where there is a C compiler: 40 % less processor time a request
	@$(BIN)/python scripts/compile.py

# Where that cannot be, all goes on interpreted.
compiled: $(SETUP)
	@$(BIN)/python scripts/compile.py || true

# A changed lock or project file installs again into the same .venv.
$(SETUP): pyproject.toml requirements-dev.lock
	@$(if $(PYTHON),,echo "needs Python 3.11 or newer with venv (Debian: apt-get install python3" \
		"python3-venv), or name one: make PYTHON=/path/to/python3" >&2; exit 1)
	@$(PYTHON) -c '$(USABLE)' || { echo "$(PYTHON) is not Python 3.11+ with venv" >&2; exit 1; }
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo "creating .venv with $(PYTHON)"; $(PYTHON) -m venv --clear .venv; fi
	@echo "installing requirements-dev.lock into .venv"
	@$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --quiet \
	--no-header --no-emit-index-url --no-emit-find-links --no-config

lock: ## Pin anew what pyproject.toml asks for (make lock UPGRADE=--upgrade for newer versions)
	$(COMPILE) $(UPGRADE) --extra dev -o requirements-dev.lock
	$(COMPILE) $(UPGRADE) --extra bench -c requirements-dev.lock -o requirements-bench.lock
	$(COMPILE) $(UPGRADE) --extra fuzz -c requirements-dev.lock -o requirements-fuzz.lock
	$(COMPILE) $(UPGRADE) --extra prove -c requirements-dev.lock -o requirements-prove.lock
