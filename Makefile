# The two commands: `make run` and `make test`. What production uses: `make migrate`. VENV=path uses that environment.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: help run test soak bench migrate screenshots install-local install-test constraints

help:
	@echo 'make run      run the board on http://127.0.0.1:8000 with a database and an object store of its own'
	@echo '              (PORT=8000, DATA_DIR=./var; DATABASE_URL and S3_BUCKET_NAME to use others)'
	@echo 'make test     check formatting, lint, types and the Dockerfile, and run the tests'
	@echo 'make soak     hammer it for longer than the tests do (SECONDS=60 for each of four hammerings)'
	@echo 'make bench    measure it on a board of N images (N=1000000; ARGS=--help for more)'
	@echo 'make screenshots  make the pictures of the README anew, with a Chromium'
	@echo 'make migrate  bring the database at DATABASE_URL up to date'

run: install-local
	@exec "$(BIN)/python" -m reaction_board.local

migrate: install-local
	@exec "$(BIN)/python" -m alembic -c setup.cfg upgrade head

test: install-test
	"$(BIN)/ruff" format --check .
	"$(BIN)/ruff" check .
	"$(BIN)/biome" check --error-on-warnings
	"$(BIN)/mypy"
	"$(BIN)/lint-imports" --config setup.cfg
	"$(BIN)/hadolint" Dockerfile
	"$(BIN)/check-jsonschema" --builtin-schema vendor.compose-spec compose.yaml
	"$(BIN)/python" -m pytest

SECONDS ?= 60

soak: install-test
	SOAK_SECONDS=$(SECONDS) "$(BIN)/python" -m pytest tests/test_races.py tests/test_faults.py -k "same_bytes_lose or killed"

N ?= 1000000

bench: install-test
	@exec "$(BIN)/python" -m benchmarks --images $(N) $(ARGS)

screenshots: install-test
	@exec "$(BIN)/python" -m tests.screenshots

# Installs once, and again after the list of what to install has changed.
install-local install-test: install-%:
	@if [ ! -e "$(VENV)/.$*" ] || [ -n "$$(find setup.cfg pyproject.toml constraints.txt -newer "$(VENV)/.$*")" ]; then \
		echo "Installing into $(VENV) …" && \
		{ [ -x "$(BIN)/python" ] || $(PYTHON) -m venv "$(VENV)"; } && \
		"$(BIN)/python" -m pip install --disable-pip-version-check -c constraints.txt -e '.[$*]' && \
		touch "$(VENV)/.$*"; \
	fi

# Pins the newest releases of everything: run it to update, then `make test`.
constraints:
	rm -rf .venv-constraints
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/python -m pip install --disable-pip-version-check '.[test]'
	.venv-constraints/bin/python -m pip freeze --exclude reaction-board > constraints.txt
	rm -rf .venv-constraints
