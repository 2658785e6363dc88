# Each target sets up what it needs: Python 3.11+, pip and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MEDSPACY := .venv-medspacy
STAMP := $(VENV)/.installed

.PHONY: demo test lint format docs notebooks model quality bench clean

demo: $(STAMP)  ## audit the example listings and show the findings
	@$(BIN)/claimaudit scan docs/examples --fail-on never

test: $(STAMP)  ## run every test
	@$(BIN)/python -m pytest

lint: $(STAMP)  ## lint, format check and strict types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(STAMP)  ## write docs/cli.md from the command line's own help, docs/evidence.md from the pack
	@$(BIN)/typer claimaudit.cli utils docs --name claimaudit --output docs/cli.md
	@$(BIN)/claimaudit evidence --format markdown > docs/evidence.md

notebooks: $(STAMP)  ## run the notebooks and keep what they show
	@$(BIN)/python notebooks/execute.py

model: $(STAMP)  ## train models/skin-1 anew from corpora/skin (half an hour on two cores)
	@$(BIN)/python -m pip install --quiet --editable '.[train]'
	@$(BIN)/claimaudit train --output models/skin-1

quality: $(STAMP)  ## which kind of model finds flags best: trains all of them (hours)
	@$(BIN)/python -m pip install --quiet --editable '.[train,bench]'
	@$(BIN)/python benchmarks/quality.py

bench: $(STAMP)  ## how fast it reads, beside a tokenizer, a keyword scan and medspaCy (minutes)
	@$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@test -x $(MEDSPACY)/bin/python || $(PYTHON) -m venv $(MEDSPACY)
	@$(MEDSPACY)/bin/python -m pip install --quiet medspacy || echo 'medspaCy cannot be installed here: its row says so'
	@$(BIN)/python benchmarks/speed.py --medspacy $(MEDSPACY)/bin/python

clean:
	rm -rf $(VENV) $(MEDSPACY) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@
