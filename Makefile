# `make help` lists the commands. VENV=path uses another virtual environment, PYTHON=program another Python.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
N ?= 1000000
SECONDS ?= 60

.PHONY: help run dev check migrate test test-fast lint format soak bench screenshots icons constraints hashes install-local install-test

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: install-local ## run the board on http://127.0.0.1:8000 with its own database and store (PORT=8000, DATA_DIR=./var)
	@exec "$(BIN)/python" -m reaction_board.local

dev: install-local ## run the board, and reload its code whenever it changes
	@exec "$(BIN)/python" -m reaction_board.local --reload

check: install-local ## check the board of `make run` while it is stopped (DATA_DIR=./var, ARGS=--deep)
	@exec "$(BIN)/python" -m reaction_board.local --check $(ARGS)

migrate: install-local ## migrate the database at DATABASE_URL to the newest version
	@exec "$(BIN)/python" -m alembic -c setup.cfg upgrade head

test: lint ## run all checks and all tests
	"$(BIN)/python" -m pytest --cov

test-fast: install-test ## run the tests that need no browser, no nginx and no waiting
	"$(BIN)/python" -m pytest -m "not slow"

lint: install-test ## check formatting, style, spelling, types, imports, the Dockerfile and the configuration files
	"$(BIN)/ruff" format --check .
	"$(BIN)/ruff" check .
	@if [ -x "$(BIN)/biome" ]; then set -x; "$(BIN)/biome" check --error-on-warnings; \
		else echo "biome is not available for this machine: scripts and styles are not checked."; fi
	"$(BIN)/codespell"
	"$(BIN)/mypy"
	"$(BIN)/lint-imports" --config setup.cfg
	"$(BIN)/hadolint" Dockerfile
	"$(BIN)/check-jsonschema" --builtin-schema vendor.compose-spec compose.yaml
	"$(BIN)/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml

format: install-test ## format the code, and fix what the linters can fix
	"$(BIN)/ruff" format .
	"$(BIN)/ruff" check --fix .
	"$(BIN)/biome" check --write

soak: install-test ## run the four load tests for longer than the tests do (SECONDS=60 for each)
	SOAK_SECONDS=$(SECONDS) "$(BIN)/python" -m pytest -m soak

bench: install-test ## measure the board with N generated images (N=1000000; ARGS=--help lists the options)
	@exec "$(BIN)/python" -m benchmarks --images $(N) $(ARGS)

screenshots: install-test ## take the screenshots of the README again, with Chromium
	@exec "$(BIN)/python" -m tests.screenshots

icons: install-test ## render the icons of the installed page again, from the SVG icon
	@exec "$(BIN)/python" -m tests.icons

constraints: ## pin the newest release of every dependency; run `make test` afterwards
	rm -rf .venv-constraints
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/python -m pip install --disable-pip-version-check '.[test]'
	.venv-constraints/bin/python -m pip freeze --exclude reaction-board > constraints.txt
	rm -rf .venv-constraints
	$(MAKE) hashes

# The dependencies of production, at the versions of constraints.txt, with the hashes of all their wheels. Run this with the
# oldest supported Python, which needs everything that newer ones need. pyvips has no wheel, so its build has a list, too.
COMPILE = CUSTOM_COMPILE_COMMAND='make constraints' .venv-hashes/bin/pip-compile --quiet --generate-hashes --strip-extras \
	--no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --constraint constraints.txt
hashes: ## list the dependencies of production, at the versions of constraints.txt, with hashes
	rm -rf .venv-hashes requirements.txt requirements-build.txt
	$(PYTHON) -m venv .venv-hashes
	.venv-hashes/bin/python -m pip install --disable-pip-version-check pip-tools
	$(COMPILE) --output-file requirements.txt setup.cfg
	printf 'cffi\npkgconfig\nsetuptools\n' | $(COMPILE) --allow-unsafe --output-file requirements-build.txt -
	rm -rf .venv-hashes

# Installs once, and again when the list of dependencies has changed.
install-local install-test: install-%:
	@if [ ! -e "$(VENV)/.$*" ] || [ -n "$$(find setup.cfg pyproject.toml constraints.txt -newer "$(VENV)/.$*")" ]; then \
		echo "Installing into $(VENV) …" && \
		{ [ -x "$(BIN)/python" ] || $(PYTHON) -m venv "$(VENV)"; } && \
		"$(BIN)/python" -m pip install --disable-pip-version-check -c constraints.txt -e '.[$*]' && \
		touch "$(VENV)/.$*"; \
	fi
