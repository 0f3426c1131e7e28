# Two commands on a fresh machine: `make demo` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV   ?= .venv
PYTHONS ?= $(PYTHON)
BIN    := $(VENV)/bin

.PHONY: man help demo test stress check format lint types layers wheel release docs site lock clean

help:
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# The environment: the locked dependencies and `txt` itself, editable. Made again when a lock or the project file changes.
$(VENV)/.ready: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet 'uv>=0.9'
	$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: $(VENV)/.ready  ## prepare, train and evaluate on the sample reviews
	$(BIN)/txt demo

test: $(VENV)/.ready  ## run the tests; PRECISION=float32 or bf16 as on a processor that is best at that
	$(BIN)/python -m pytest $(if $(PRECISION),--precision $(PRECISION))

TRIALS ?= 100
FUZZ ?= 3600

stress: $(VENV)/.ready  ## kill, starve and disturb every command, damage files; TRIALS=10 FUZZ=60 for fewer; hours
	$(BIN)/python -m stress.mutated_files --files $$((10 * $(TRIALS)))
	$(BIN)/python -m stress --trials $(TRIALS)
	$(BIN)/python -m stress.random_tables --tables 1000
	$(BIN)/python -m stress --page
	$(BIN)/python -m stress.fuzz --models --seconds $(FUZZ)

check: test lint types layers  ## everything that must hold before a commit

lint: $(VENV)/.ready  ## format, lint and declared dependencies, without changing a file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/deptry .

types: $(VENV)/.ready  ## mypy, strict on txt/
	$(BIN)/mypy

layers: $(VENV)/.ready  ## which package may import which
	$(BIN)/lint-imports

format: $(VENV)/.ready  ## rewrite the files in the house style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# Installs each built file alone, for each Python, and runs the demo with it.
define TRY_DIST
	@for python in $(PYTHONS); do for built in $(1); do \
	  here=$$(mktemp -d) && \
	  $(BIN)/python -m uv venv --quiet --python $$python $$here/env && \
	  $(BIN)/python -m uv pip install --quiet --python $$here/env/bin/python $$built && \
	  (cd $$here && env/bin/python --version && env/bin/txt --version && env/bin/txt demo) && \
	  rm -rf $$here || exit 1; \
	done; done
endef

wheel: $(VENV)/.ready  ## build a wheel; install it alone and run the demo, for each of PYTHONS="python3.11 python3.12"
	@rm -rf dist
	$(BIN)/python -m hatchling build -t wheel -d dist
	$(call TRY_DIST,dist/*.whl)

release: $(VENV)/.ready  ## wheel and sdist: built, checked, installed alone and tried with the demo, for each of PYTHONS
	@rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python -m uv tool run twine check --strict dist/*
	$(call TRY_DIST,dist/*.whl dist/*.tar.gz)
	@echo "dist/ is ready for version $$($(BIN)/python -c 'import txt; print(txt.__version__)'); tag it v… and push the tag"

docs: $(VENV)/.ready  ## docs/cli.md from --help, pictures from the real screens
	$(BIN)/python docs/make.py
	$(BIN)/python docs/pictures.py

site: $(VENV)/.ready  ## the documentation as a site, in site/, without a network
	$(BIN)/python -m zensical build --strict
	@echo "$(BIN)/python -m http.server -d site    shows it on http://localhost:8000"

man: $(VENV)/.ready  ## man pages from --help, into MAN=~/.local/share/man/man1
	$(BIN)/python docs/man.py $(or $(MAN),$(HOME)/.local/share/man/man1)

lock:  ## refresh requirements.lock
	$(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --all-extras --group dev --python-version 3.11 pyproject.toml -o requirements.lock

clean:  ## remove the environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dist site
