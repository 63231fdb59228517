# Needs Python 3.11 or newer and make; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# A PostgreSQL and a Temporal for each process: more of them than cores only cost more.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
TOOLS := $(VENV)/tools
COMPILE := $(VENV)/uv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

# Tests start hundreds of processes, and each would compile all of Baton anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo up test test-fast test-wide check fix types audit docs hooks bench requirements clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## Put everything into .venv (again only when requirements.txt or pyproject.toml changed)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Baton needs Python 3.11 or newer, and '$(PYTHON)' is not: try 'make PYTHON=python3.13 $(or $(MAKECMDGOALS),install)'."; \
		exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo "Python could not make $(VENV): on Debian and Ubuntu install the package python3-venv."; \
		exit 1; }
	# Python compiles a module when it is first used; compiling all of them would take as long as the rest.
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps -e .
	@touch $@

demo: install ## Show orders and returns go through Baton, troubles included
	$(BIN)/baton demo

up: install ## Run all of Baton on this machine until Ctrl-C
	$(BIN)/baton up

test: install ## Run the tests
	$(PYTEST)

test-fast: install ## Run the unit tests of the rules, which start no server
	$(BIN)/python -m pytest -n 2 tests/domain

test-wide: install ## Run with larger numbers what takes hours: chaos, stories, every operation, millions of rows
	STORY_EXAMPLES=1000 $(BIN)/python -m pytest -n 0 tests/workflows/test_story.py
	WORKERS=2 CHAOS_MINUTES=10 CHAOS_ORDERS=2000 $(BIN)/python -m pytest -n 0 -s tests/e2e/test_chaos.py
	STILL=40 ORDERS=150 $(BIN)/python -m pytest -n 0 tests/faults/test_database_stands_still.py
	EXAMPLES=1000 $(BIN)/python -m pytest -n 0 tests/domain tests/channels tests/activities/test_edits.py tests/activities/test_*_in_any_order.py
	EXAMPLES=2000 $(BIN)/python -m pytest -n 0 tests/shop/test_money.py
	SOURCING_PROBLEMS=2000 $(BIN)/python -m pytest -n 0 tests/record/test_exact.py
	NEWS_PERMUTATIONS=24 $(BIN)/python -m pytest -n 0 tests/workflows/test_channel_news.py
	HAIL_ORDERS=40 $(BIN)/python -m pytest -n 0 tests/e2e/test_api_killed.py
	WORKER_KILLS=4 $(BIN)/python -m pytest -n 0 tests/e2e/test_worker_killed.py
	TOLD_ORDERS=500 $(BIN)/python -m pytest -n 0 tests/e2e/test_deliveries_killed.py
	TROUBLED_ORDERS=500 ANNOUNCED_ORDERS=470 $(BIN)/python -m pytest -n 0 tests/e2e/test_partners_in_trouble.py
	WAITING_ORDERS=500 $(BIN)/python -m pytest -n 0 tests/faults/test_silent_partner.py
	CLAIMING_ORDERS=200 $(BIN)/python -m pytest -n 0 tests/faults/test_never_oversold.py
	STRANGERS=100000 $(BIN)/python -m pytest -n 0 tests/faults/test_relay_goes_on.py
	CASES=100 $(BIN)/python -m pytest -n 0 -s tests/security/test_openapi.py
	MIGRATION_ORDERS=5000000 $(BIN)/python -m pytest -n 0 tests/models/test_migrating.py
	LOCK_ORDER_ACTIONS=100 $(BIN)/python -m pytest -n 0 tests/activities/test_lock_order.py
	SOURCING_PLACES=5,20,100 $(BIN)/python -m pytest -n 0 tests/bench/test_sourcing.py
	PLANS_FEW=5000 PLANS_MANY=100000 $(BIN)/python -m pytest -n 0 tests/bench/test_plans.py

check: install ## Run everything that CI runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)
	@$(MAKE) --no-print-directory audit || echo "What is installed could not be audited, or should be: see above."

fix: install ## Format, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install ## Check types, and who imports whom
	$(BIN)/mypy
	$(BIN)/lint-imports

$(TOOLS)/.installed: requirements-tools.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --disable-pip-version-check --quiet --no-compile --require-hashes -r requirements-tools.txt
	@touch $@

audit: install $(TOOLS)/.installed ## Look for known defects of what is installed, and list licences and parts (SBOM) in build/
	@mkdir -p build
	$(TOOLS)/bin/pip-licenses --python $(BIN)/python --format markdown --output-file build/licenses.md
	$(TOOLS)/bin/cyclonedx-py requirements requirements-server.txt --output-file build/sbom.json
	$(TOOLS)/bin/pip-audit --require-hashes --disable-pip --progress-spinner off -r requirements-server.txt

docs: $(TOOLS)/.installed ## Build the documentation as a site with search, in build/site
	$(TOOLS)/bin/zensical build --clean

hooks: install $(TOOLS)/.installed ## Check every commit before it is made
	$(TOOLS)/bin/pre-commit install

bench: install ## Measure how many orders a second this machine carries
	$(BIN)/baton bench flow

requirements: install ## Compile the three lists of requirements anew from pyproject.toml
	$(PYTHON) -m venv $(VENV)/uv
	$(VENV)/uv/bin/python -m pip install --disable-pip-version-check --quiet uv
	$(COMPILE) --extra embedded --extra dev -o requirements.txt pyproject.toml
	$(COMPILE) --constraint requirements.txt -o requirements-server.txt pyproject.toml
	$(COMPILE) --group tools -o requirements-tools.txt

clean: ## Remove .venv and what the tools leave; the data in .baton stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
