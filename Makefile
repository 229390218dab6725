# Everything from a fresh clone: `make run`, `make test`. Only Python 3.11 to 3.13 and make are needed.
SHELL := bash
.DEFAULT_GOAL := run
.PHONY: run resume test test-slow lint format plan lean bench report why docs readme clean

PYTHON ?= python3
VENV ?= .venv
CONFIG ?= config/config.yaml
CORES ?= all
AGAINST ?= config/papers.yaml
# Files of tests at once; each may run a pipeline on two cores.
WORKERS ?= 2
# More options of Snakemake, such as --workflow-profile profiles/slurm
OPTIONS ?=
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake
STAMP := $(VENV)/.stamp
RESULTS = $$(sed -n 's/^results: *//p' $(CONFIG))

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else \
	    "fair-mia needs Python 3.11, 3.12 or 3.13, not %d.%d: try make PYTHON=python3.11" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt ".[slurm,test]"
	@touch $@

# Two calls: after the first, Snakemake sees which measured files really changed (docs/decisions/0002).
run: $(STAMP)
	$(SNAKEMAKE) measured --cores $(CORES) --configfile $(CONFIG) $(OPTIONS)
	$(SNAKEMAKE) --cores $(CORES) --configfile $(CONFIG) $(OPTIONS)
	@echo; cat $(RESULTS)/tables/summary.md; echo; echo "Report: $(RESULTS)/report.html"

resume: $(STAMP) ## Go on after a run that was killed; refuses while it may still live
	@PYTHONPATH=workflow $(BIN)/python -m mia.stages.resume -- --configfile $(CONFIG)
	$(MAKE) run

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

test-slow: $(STAMP)
	$(BIN)/python -m pytest --slow -m "slow or browser" --numprocesses $(WORKERS) --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(SNAKEMAKE) --lint
	PYTHONPATH=workflow $(BIN)/python -m mia.stages.docs --check

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/rules

plan: $(STAMP) ## What a run of CONFIG will cost, before it starts
	@PYTHONPATH=workflow $(BIN)/python -m mia.stages.cost --config $(CONFIG) --against $(AGAINST)

lean: $(STAMP) ## What config/lean.yaml gives up against config/all-attacks.yaml, after both have run
	@PYTHONPATH=workflow $(BIN)/python -m mia.stages.compare --full config/all-attacks.yaml \
	    --other config/lean.yaml --papers config/papers.yaml --output results/lean/comparison.csv

why: $(STAMP) ## What would run, and because of what
	$(SNAKEMAKE) --dry-run --cores $(CORES) --configfile $(CONFIG)

bench: $(STAMP) ## Speed on this machine: results/bench.json and a table
	PYTHONPATH=workflow $(BIN)/python -m mia.stages.bench --output results/bench.json

report: $(STAMP) ## Snakemake's own report: the page, tables and figures with code and parameters
	$(SNAKEMAKE) --configfile $(CONFIG) --report $(RESULTS)/snakemake-report.html

docs: $(STAMP) ## Generated pages
	PYTHONPATH=workflow $(BIN)/python -m mia.stages.docs

PAGE ?= README.md
readme: $(STAMP) ## Put the table of CONFIG's run into PAGE
	PYTHONPATH=workflow $(BIN)/python -m mia.stages.docs --summary $(RESULTS)/tables/summary.md --page $(PAGE)

clean: ## Remove the results of CONFIG and the virtual environment
	rm -rf $(RESULTS) $(VENV)
