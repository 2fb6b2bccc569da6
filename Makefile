# Two commands matter: `make demo` and `make test`. Both set up everything they need; a second run is quick.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ROOT := $(CURDIR)

export AIRFLOW_HOME := $(ROOT)/.airflow
include include/local/airflow.env
export

.DEFAULT_GOAL := help
.PHONY: help demo up down test rules soak check fix bench clean lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Python 3.11, 3.12 or 3.13 is needed; name it with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@echo "Setting up $(VENV) from the lock files (1-2 minutes, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock -r requirements-dev.lock
	@touch $@

demo: $(STAMP) ## Run all areas in Airflow against the sandbox, three passes, print the books and check the outcome
	@$(BIN)/python -m local.demo

up: $(STAMP) ## Serve the sandbox and Airflow with its UI until Ctrl-C (or `make down`)
	@$(BIN)/python -m local.up

down: ## Stop what `make up` started
	@test -x $(BIN)/python && $(BIN)/python -m local.up --stop || true

test: $(STAMP) ## Run the whole test suite
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --ignore tests/reliability
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal tests/reliability

rules: $(STAMP) ## Take out each of the rules R1 to R14 in turn and see that its tests turn red
	@$(BIN)/python -m tests.reliability.removal

soak: $(STAMP) ## All areas under random faults, activity and kills for 10 minutes, then the books; ARGS="--runs 1000 --minutes 90"
	@$(BIN)/python -m tests.soak $(ARGS)

check: $(STAMP) ## Formatting, lint, types, import contracts, mapping lint, advisories (FS_REQUIRE_AUDIT=1: fail without)
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/python -m fs_integration lint && $(BIN)/python -m local.audit

fix: $(STAMP) ## Mend formatting and what lint can mend
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(STAMP) ## Measure speed, memory and correctness beside other clients; ARGS="--rows 20000 --profile wide"
	@$(BIN)/python -m bench $(ARGS)

lock: ## Refresh the lock files after a change of requirements*.txt (needs uv)
	@uv pip compile -q requirements.txt --universal --python-version 3.11 --no-header --no-annotate -o requirements.lock
	@uv pip compile -q requirements-dev.txt --universal --python-version 3.11 -c requirements.lock --no-header --no-annotate -o requirements-dev.lock

clean: down ## Remove everything generated, the virtual environment included
	@rm -rf $(VENV) .airflow build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
