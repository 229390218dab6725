# Everything from a fresh clone: `make run`, `make test`. Only Python 3.11 to 3.13 and make are needed.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help run audit resume check test test-slow prove lint format cost lean bench report why docs readme clean clean-results

PYTHON ?= python3
VENV ?= .venv
CONFIG ?= config/config.yaml
CORES ?= all
AGAINST ?= config/papers.yaml
# The page that shows the table of CONFIG's run; those of the default where none is named.
PAGE ?=
# A GPU of workflow/mia/cost/cards.py, for the hours that `make cost` tells.
CARD ?=
# Files of tests at once; each may run a pipeline on two cores.
WORKERS ?= 2
# More options of Snakemake, such as --workflow-profile profiles/slurm. Put into commands as it is,
# so that it can be several words; everything else is one word, whatever characters it has.
OPTIONS ?=

quoted = '$(subst ','\'',$(1))'
config := $(call quoted,$(value CONFIG))
against := $(call quoted,$(value AGAINST))
card := $(if $(value CARD),--card $(call quoted,$(value CARD)))
page := $(if $(value PAGE),--page $(call quoted,$(value PAGE)))
cores := $(call quoted,$(CORES))
workers := $(call quoted,$(WORKERS))
venv := $(call quoted,$(VENV))
bin := $(call quoted,$(VENV)/bin)
snakemake := $(bin)/snakemake
# What `make run` leaves out: Snakemake's banner, and why each job runs, which `make why` says.
quietly := --quiet host reason
# The order of files is tests/conftest.py's.
pytest := $(bin)/python -m pytest --numprocesses $(workers) --dist loadfile
command := PYTHONPATH=workflow $(bin)/python -m mia.commands
blank := $(subst x,,x x)
STAMP := $(subst $(blank),\ ,$(VENV)/.stamp)

help: ## These lines
	@sed -nE '/^[a-z-]+:.* ## /{s/:.* ## /               /;s/^(.{14}) */make \1 /p}' Makefile

$(STAMP): constraints.txt pyproject.toml
	@$(call quoted,$(PYTHON)) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else \
	    "fair-mia needs Python 3.11, 3.12 or 3.13, not %d.%d: try make PYTHON=python3.11" % v)'
	$(call quoted,$(PYTHON)) -m venv $(venv)
	$(bin)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt ".[slurm,test]"
	@touch $(venv)/.stamp

# Three calls. The first judges the sets before anything is asked of a model, and may end the run
# (`audit.stop_if`). After the second, Snakemake sees which measured files really changed
# (docs/decisions/0002). A config that cannot be read is named first: of a file named by
# --configfile, Snakemake tells no line.
run: audit ## Everything that CONFIG asks for; then its table, and where the report lies
	@$(snakemake) measured --cores $(cores) --configfile $(config) $(quietly) $(OPTIONS)
	@$(snakemake) --cores $(cores) --configfile $(config) $(quietly) $(OPTIONS)
	@$(command).results --config $(config) --show

audit: $(STAMP) ## Are the sets of CONFIG fair? No model is loaded, nothing is measured
	@$(command).results --config $(config) >/dev/null
	@$(snakemake) audited --cores $(cores) --configfile $(config) $(quietly) $(OPTIONS)
	@$(command).verdicts --config $(config)

resume: $(STAMP) ## Go on after a run that was killed; refuses while it may still live
	@$(command).resume --config $(config)
	$(MAKE) run

check: $(STAMP) ## Style, types, generated pages and quick tests: a minute or two
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(command).docs --check
	$(pytest) -m "not pipeline and not slow and not browser and not results"

test: $(STAMP) ## The tests that need no browser and take minutes at most
	$(pytest)

test-slow: $(STAMP) ## The other tests; some read the results of `make run`
	$(pytest) --slow -m "slow or browser or results"

prove: $(STAMP) ## Error rates, known truths and memory, as docs tell them: takes long
	$(pytest) --proof -m proof

lint: $(STAMP) ## Style of code and rules, types; are generated pages current?
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/snakefmt --check Snakefile workflow/rules
	$(snakemake) --lint
	$(command).docs --check --graph

format: $(STAMP) ## Mend the style
	$(bin)/ruff check --fix .
	$(bin)/ruff format .
	$(bin)/snakefmt Snakefile workflow/rules

cost: $(STAMP) ## What a run of CONFIG will cost, before it starts; on CARD, such as h100
	@$(command).cost --config $(config) --against $(against) $(card)

lean: $(STAMP) ## What config/lean.yaml gives up against config/all-attacks.yaml, after both have run
	@$(command).compare --full config/all-attacks.yaml \
	    --other config/lean.yaml --papers config/papers.yaml --output results/lean/comparison.csv

why: $(STAMP) ## What would run, and because of what
	@$(command).results --config $(config) >/dev/null
	$(snakemake) --dry-run --cores $(cores) --configfile $(config) $(OPTIONS)

bench: $(STAMP) ## Speed on this machine: results/bench.json and a table
	$(command).bench --output results/bench.json

report: $(STAMP) ## Snakemake's own report: the page, tables and figures with code and parameters
	results="$$($(command).results --config $(config))" && \
	    $(snakemake) --configfile $(config) --report "$$results/snakemake-report.html"

docs: $(STAMP) ## Generated pages; the picture of the rules where graphviz is installed
	$(command).docs --graph

readme: $(STAMP) ## Put the table of CONFIG's run into PAGE
	results="$$($(command).results --config $(config))" && \
	    $(command).docs --summary "$$results/tables/summary.md" $(page)

clean: ## Remove the virtual environment and caches; results stay
	@if [ -e $(venv) ] && [ ! -e $(venv)/pyvenv.cfg ]; then echo "error: VENV="$(venv)" is no" \
	    "virtual environment; nothing was deleted" >&2; exit 1; fi
	rm -rf -- $(venv) .pytest_cache .ruff_cache .mypy_cache fair_mia.egg-info build/lib build/bdist.*
	find workflow tests -name __pycache__ -prune -exec rm -rf -- {} +

clean-results: $(STAMP) ## Delete the results of CONFIG, which has to be named; shows them and asks
ifneq ($(origin CONFIG),command line)
	@echo "error: say whose results: make clean-results CONFIG=config/tiny.yaml" >&2; exit 1
endif
	@$(command).delete_results --config $(config)
