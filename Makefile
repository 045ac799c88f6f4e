# Each target does its own set-up, and does again only what a changed lock file asks for.
#     make run            open the console with the city's plan and the demo rows (HOST, PORT, RAINBOW_DATA, DATABASE_URL)
#     make test           all tests, on SQLite and on PostgreSQL (ARGS='-k milestone -x' narrows them, JOBS=0 runs one by one)
#     make check          style, types, imports, front end, translations, migrations, known faults of dependencies
#     make bench          every claim of speed and memory, against the peers (ARGS='--rows 100000 --only lists')
#     make lock           renew the lock files from pyproject.toml
#     make translations   take new texts of the sources into the translations
#     make format         write the sources in the one style
#     make screenshots    take the pictures of the documentation anew
#     make clean          remove everything that set-up made; data stays
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8080
RAINBOW_DATA ?= ./var
ARGS ?=
JOBS ?= auto
export PYTHON HOST PORT RAINBOW_DATA
# Without bytecode every start would compile all sources again, which takes longer than starting.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header

# What set-up has done is remembered beside what it made, so that removing the one forgets the other.
RUNTIME := $(VENV)/.runtime-installed
TOOLING := $(VENV)/.tooling-installed
PEERS := .bench/.installed
MODULES := node_modules/.installed
VENDOR := app/static/vendor/.copied
MESSAGES := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/*.po))
TYPED := $(wildcard config.py run.py commands app models views seeds tests tools benchmarks)

.PHONY: help run test check bench lock translations format screenshots clean set-up test-set-up

help:
	@sed -n '2,11s/^# *//p' Makefile

run: set-up
	@export RAINBOW_DEMO=$${RAINBOW_DEMO:-1}; \
	$(BIN)/python run.py migrate; \
	$(BIN)/python run.py seed --demo; \
	exec $(BIN)/python run.py serve

test: test-set-up
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: set-up $(TOOLING)
	$(BIN)/ruff check --output-format concise .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" tools/with-node npm run --silent lint
	$(BIN)/python tools/translations.py check
	$(BIN)/python run.py migrate --check
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/audit.py

bench: test-set-up $(PEERS)
	$(BIN)/python -m benchmarks $(ARGS)

format: $(TOOLING)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

translations: $(TOOLING)
	$(BIN)/python tools/translations.py update

lock: $(TOOLING)
	$(LOCK) --upgrade pyproject.toml --output-file requirements.lock
	$(LOCK) --upgrade --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) --upgrade --group node --output-file requirements-node.lock
	$(LOCK) --upgrade benchmarks/requirements-peers.in --output-file benchmarks/requirements-peers.lock

screenshots: test-set-up
	$(BIN)/python -m tools.screenshots

clean:
	rm -rf $(VENV) .bench .node node_modules app/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -f translations/*/LC_MESSAGES/*.mo

set-up: $(RUNTIME) $(VENDOR) $(MESSAGES)

test-set-up: set-up $(TOOLING)
	@tools/debian.sh tests

$(VENV)/pyvenv.cfg:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on this machine. Install Python 3.11 or later, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"Python 3.11 or later is needed; $(PYTHON) is {v.major}.{v.minor}. Name another: make PYTHON=python3.12")'
	@tools/debian.sh venv
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock | $(VENV)/pyvenv.cfg
	$(PIP) -r requirements.lock
	@touch $@

$(TOOLING): requirements-dev.lock $(RUNTIME)
	$(PIP) -r requirements.lock -r requirements-dev.lock
	@touch $@

# The consoles that ours is measured against, in an environment of their own.
$(PEERS): benchmarks/requirements-peers.lock | $(VENV)/pyvenv.cfg
	$(PYTHON) -m venv .bench
	.bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(MODULES): package.json package-lock.json requirements-node.lock
	@tools/debian.sh venv
	tools/with-node npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(VENDOR): $(MODULES) $(wildcard tools/vendor.*)
	PATH="$(CURDIR)/$(BIN):$$PATH" tools/with-node npm run --silent vendor
	@touch $@

# A catalogue that is new to the source is newer than its compiled form, whatever made it.
%.mo: %.po $(RUNTIME)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@ --locale $(word 2,$(subst /, ,$*))
