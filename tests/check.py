"""`flask --app wsgi check`, as the tests run it."""

import json
from typing import Any

from flask import Flask


def check(app: Flask, *options: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command; return its exit status and findings."""
    result = app.test_cli_runner().invoke(args=["check", "--json", *options])
    assert result.exit_code != 2, result.stderr
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def kinds(findings: list[dict[str, Any]]) -> list[tuple[str, str, bool]]:
    """Return the kind and subject of each finding, and whether it was repaired."""
    return [(finding["kind"], finding["subject"], finding["repaired"]) for finding in findings]
