# make quickstart   trains a small reader for about five minutes and has it read the sample pictures
# make test         the fast tests
# make lint         ruff and mypy --strict
# make docs         the documentation, into site/
# make clean        removes what the above have made, except runs/
#
# PYTHON=python3.12 chooses the interpreter, VENV=dir the virtual environment, RUN=dir the quick start's run folder.

PYTHON ?= python3
VENV ?= .venv
RUN ?= runs/quickstart

BIN := $(VENV)/bin
PLUGINS := $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
WITH_DEV := $(patsubst %/pyproject.toml,%,$(shell grep -l "^dev = " $(addsuffix /pyproject.toml,$(PLUGINS))))
PROJECTS := pyproject.toml $(addsuffix /pyproject.toml,$(PLUGINS))

.DEFAULT_GOAL := help
.PHONY: help install dev quickstart test lint docs clean

help:
	@awk '!/^#/ {exit} {sub(/^# ?/, ""); print}' Makefile

install: $(VENV)/.installed
dev: $(VENV)/.installed-dev

# A second time it only reads; a run that was interrupted goes on.
quickstart: $(VENV)/.installed
	@if [ -f $(RUN)/.finished ]; then \
	  echo "$(RUN) is trained already (to train anew: rm -r $(RUN), or make quickstart RUN=runs/another)"; \
	elif [ -f $(RUN)/state.pt ]; then \
	  $(BIN)/seqrec train --resume -o $(RUN); \
	else \
	  $(BIN)/seqrec train --task scene-text --recipe quick -o $(RUN); \
	fi && touch $(RUN)/.finished
	@$(BIN)/seqrec evaluate --model $(RUN) --samples
	@echo "Curves, best and worst readings: $(RUN)/report.html"
	@echo "Now your own pictures: $(BIN)/seqrec recognize --model $(RUN) FOLDER"

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 8 -m "not slow and not gpu"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(VENV)/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) site build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name .git -prune -o -name '*.egg-info' -prune -exec rm -rf {} +
	find . -name .git -prune -o -name __pycache__ -prune -exec rm -rf {} +

# A stamp says that the environment holds what the pyproject.toml files ask for.
$(VENV)/.installed: $(PROJECTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[torch]" $(addprefix -e ,$(PLUGINS))
	@touch $@

$(VENV)/.installed-dev: $(PROJECTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[torch,dev]" $(addprefix -e ,$(filter-out $(WITH_DEV),$(PLUGINS))) $(patsubst %,-e "%[dev]",$(WITH_DEV))
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "seqrec needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo missing). Name one that is: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' has no venv module; install it (Debian, Ubuntu: apt install python3-venv) and try again" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
