# Each target sets up what it needs: Python 3.11+, pip and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MEDSPACY := .venv-medspacy
TOOLS := .venv-tools
RUN := .venv-run
SECONDS := 60
STAMP := $(VENV)/.installed

.PHONY: demo test lint format docs notebooks model quality bench fuzz lock audit sbom wheel clean

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

model: $(STAMP)  ## train models/skin-1 anew from corpora/skin (an hour or two on two cores, minutes on an accelerator)
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

fuzz: $(STAMP)  ## fuzz text, HTML, reports, packs, models and tables for SECONDS each (make fuzz SECONDS=600)
	@$(BIN)/python -m pip install --quiet --editable '.[fuzz]'
	@for target in text html report pack model table; do \
	  $(BIN)/python -m tests.fuzz.run $$target $(SECONDS) || exit 1; done

lock: $(TOOLS)  ## write requirements/*.lock anew: the newest versions that pyproject.toml allows, with hashes
	@for set in run dev tools; do \
	  extra=$$([ $$set = run ] || echo "--extra $$set"); \
	  $(TOOLS)/bin/uv pip compile pyproject.toml $$extra --universal --python-version 3.11 --generate-hashes --upgrade \
	    --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet --output-file requirements/$$set.lock; done

audit: $(TOOLS)  ## known vulnerabilities of all that is locked; needs the network, and fails where it cannot ask
	@for set in run dev tools; do \
	  $(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/$$set.lock \
	    || { echo "audit: requirements/$$set.lock: vulnerable, or the advisories could not be read (see above)"; exit 1; }; done

sbom: $(TOOLS) wheel  ## a bill of materials of a plain install: build/sbom.json (CycloneDX)
	@test -x $(RUN)/bin/python || $(PYTHON) -m venv $(RUN)
	@$(RUN)/bin/python -m pip install --quiet --require-hashes --requirement requirements/run.lock
	@$(RUN)/bin/python -m pip install --quiet --no-deps --force-reinstall dist/*.whl
	@$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON \
	  --output-file build/sbom.json $(RUN)/bin/python
	@echo build/sbom.json

wheel: $(STAMP)  ## dist/*.whl, the same bytes from the same tree
	@rm -rf dist && mkdir -p build
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist . > build/wheel.log
	@sha256sum dist/*.whl

clean:
	rm -rf $(VENV) $(MEDSPACY) $(TOOLS) $(RUN) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml requirements/dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS): pyproject.toml
	@test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	@if [ -f requirements/tools.lock ]; then \
	  $(TOOLS)/bin/python -m pip install --quiet --require-hashes --requirement requirements/tools.lock; \
	else $(TOOLS)/bin/python -m pip install --quiet uv; fi
	@touch $@
