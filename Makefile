# What a newcomer types: `make demo` to see it, `make test` to check it. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEOPLE ?= 20000

.DEFAULT_GOAL := help
.PHONY: help demo test soak check bench lock format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: setup.cfg requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: PYTHON=python3.11 make ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the Python packages ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/pybabel --quiet compile --directory web/translations
	@touch $@

demo: $(VENV)/installed ## Start the service with 20,000 made-up people; PORT=8001 for another port
	@exec $(BIN)/hallowerk up --demo --people $(PEOPLE)

test: ## Install what the tests need and run everything
	@bash tools/test.sh

soak: $(VENV)/installed ## Look for hours for what can go wrong with the indexes: 10,000 walks, 200 kills
	@HALLOWERK_WALKS=10000 HALLOWERK_KILLS=200 $(BIN)/pytest tests/faults/test_random_walk.py tests/faults/test_kills.py

check: $(VENV)/installed ## Style, types, layers and security rules only
	@bash tools/check.sh

bench: $(VENV)/installed ## Print the speed figures, a line each
	@$(BIN)/python -m benchmarks

lock: $(VENV)/installed ## Write requirements.lock anew from the ranges in setup.cfg
	@bash tools/lock.sh

format: $(VENV)/installed ## Format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

clean: ## Stop the engine and remove what was made here, the demo's data included
	@if test -x $(BIN)/hallowerk; then $(BIN)/hallowerk engine stop || true; fi
	@rm -rf $(VENV) .hallowerk build *.egg-info
