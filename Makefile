# Two commands for newcomers: `make demo` and `make test`. Everything else is for those who stay.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ONCE ?=

.PHONY: demo test check bench soak format docs pictures clean help

help:
	@echo "make demo   a simulated Discord, Telegram and cluster with the bot in between; ONCE=1 tells the story and ends"
	@echo "make test   all tests, offline"
	@echo "make check  format, lint, types, import contracts, tests"
	@echo "make docs   the generated pages and schemas"
	@echo "make pictures  those of the README, drawn anew from a run of the demo; needs chromium"
	@echo "make bench  the figures of docs/benchmarks.md"
	@echo "make soak   runs killed at every single event of them, in every ending there is; minutes"

define installed
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tgk needs python 3.11 or newer; $(PYTHON) is older. Run: make demo PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Preparing .venv (once, about a minute) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) 2>/dev/null || $(PYTHON) -m venv --without-pip $(VENV)
	@if test -x $(BIN)/pip; then $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '$(1)'; \
	  else $(PYTHON) -m pip --python $(BIN)/python install -q --disable-pip-version-check -c constraints.txt -e '$(1)'; fi
endef

$(VENV)/.runtime: pyproject.toml constraints.txt
	$(call installed,.)
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	$(call installed,.[dev])
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime
	@$(BIN)/tgk demo $(if $(ONCE),--once,)

test: $(VENV)/.dev
	@$(BIN)/pytest -n 2 --dist loadgroup -m "not bench and not journey"
	@$(BIN)/pytest -m journey  # whole processes, killed and started again: one after another

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev
	$(BIN)/python scripts/generate_schemas.py
	$(BIN)/python scripts/generate_cli_docs.py
	$(BIN)/python scripts/generate_docs.py

pictures: $(VENV)/.dev
	$(BIN)/python scripts/draw_pictures.py

bench: $(VENV)/.dev
	$(BIN)/pytest tests/benchmarks tests/unit/playbook -m bench -s -p no:randomly --timeout=600

soak: $(VENV)/.dev
	$(BIN)/pytest tests/unit/runs -m bench -s -p no:randomly

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache
