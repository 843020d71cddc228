"""The settings, and what docs/settings.md says of them."""

import os
import re
import subprocess
import sys
from typing import Any

import pytest

from reaction_board import settings
from tests.servers import ROOT

NEEDED = {"DATABASE_URL": "postgresql://me@db/board", "S3_BUCKET_NAME": "images"}


def test_two_settings_are_needed_and_the_others_have_defaults() -> None:
    assert settings.load(NEEDED) == {
        **NEEDED,
        "AWS_ENDPOINT_URL_S3": None,
        "AWS_REGION": None,
        "MAX_UPLOAD_BYTES": 52_428_800,
        "MAX_PIXELS": 200_000_000,
        "MAX_TAGS": 200,
        "API_TOKENS": [],
        "READING": "all",
        "CORS_ORIGINS": [],
        "PICKER_ORIGINS": [],
        "TRUSTED_HOSTS": [],
        "DATABASE_TIMEOUT": 30,
        "S3_TIMEOUT": 20,
        "DATABASE_POOL_SIZE": 32,
        "FORWARDED_ALLOW_IPS": ["127.0.0.1", "::1"],
        "PUBLIC_URL": None,
        "LOG_FORMAT": "plain",
        "METRICS": False,
        "WEB_CONCURRENCY": 2,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", None),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://me@db/board"),
        ("DATABASE_URL", "postgresql://me@db:port/board"),
        ("S3_BUCKET_NAME", None),
        ("S3_BUCKET_NAME", ""),
        ("MAX_UPLOAD_BYTES", "50 MB"),
        ("MAX_UPLOAD_BYTES", "0"),
        ("MAX_PIXELS", "-1"),
        ("DATABASE_POOL_SIZE", "x"),
        ("DATABASE_TIMEOUT", "0"),
        ("DATABASE_TIMEOUT", "2147484"),
        ("S3_TIMEOUT", "1.5"),
        ("S3_TIMEOUT", "9999999999"),
        ("PUBLIC_URL", "https://host.example:99999/"),
        ("PUBLIC_URL", "https://host.example/api/v1"),
        ("PUBLIC_URL", "https://host.example/i"),
        ("MAX_TAGS", ""),
        ("AWS_ENDPOINT_URL_S3", "store:9000"),
        ("WEB_CONCURRENCY", "many"),
        ("API_TOKENS", "good,a=b"),
        ("API_TOKENS", "sécond"),
        ("API_TOKENS", ""),
        ("CORS_ORIGINS", " , "),
        ("CORS_ORIGINS", "https://good.example,https://pages.example/"),
        ("CORS_ORIGINS", "https://.*"),
        ("CORS_ORIGINS", "null"),
        ("PICKER_ORIGINS", ""),
        ("PICKER_ORIGINS", "*"),
        ("PICKER_ORIGINS", "https://chat.example/room"),
        ("PICKER_ORIGINS", "https://chat.example; script-src *"),
        ("PICKER_ORIGINS", "http://[::1]:8000"),
        ("TRUSTED_HOSTS", ""),
        ("TRUSTED_HOSTS", "*"),
        ("TRUSTED_HOSTS", "https://board.example"),
        ("TRUSTED_HOSTS", "board.example:8000"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.0/33"),
        ("PUBLIC_URL", "board.example"),
        ("PUBLIC_URL", "https://host.example/board?x=1"),
        ("PUBLIC_URL", "https://host.example/a/../b"),
        ("PUBLIC_URL", "https://host.example//board"),
        ("PUBLIC_URL", "https://me@host.example/"),
        ("LOG_FORMAT", "xml"),
        ("METRICS", "9100"),
        ("READING", "none"),
        ("READING", "links"),  # without API_TOKENS
    ],
)
def test_a_missing_or_malformed_setting_is_named_in_one_line(name: str, value: str | None) -> None:
    environ: dict[str, Any] = {**NEEDED, name: value}
    if value is None:
        del environ[name]
    with pytest.raises(SystemExit, match=f"^reaction-board: {name}: [^\n]+$"):
        settings.load(environ)


@pytest.mark.parametrize(
    ("name", "value", "entry"),
    [
        ("CORS_ORIGINS", "https://good.example,https://pages.example/", "https://pages.example/"),
        ("CORS_ORIGINS", "pages.example", "pages.example"),
        ("PICKER_ORIGINS", "https://good.example, HTTPS://chat.example", "HTTPS://chat.example"),
        ("PICKER_ORIGINS", "https://good.example,*", "*"),
        ("PICKER_ORIGINS", "http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_entry_that_is_no_origin_is_named_beside_an_example_that_is_one(name: str, value: str, entry: str) -> None:
    with pytest.raises(SystemExit) as stop:
        settings.load({**NEEDED, name: value})
    message = str(stop.value)
    assert message.startswith(f"reaction-board: {name}: {entry!r} is not an origin")
    examples = re.findall(r"such as (https://[a-z.]+[a-z])", message)
    assert settings.load({**NEEDED, name: examples[0]})[name] == examples
    assert ("'*' for any" in message) is (name == "CORS_ORIGINS")


@pytest.mark.slow
@pytest.mark.parametrize("command", [["gunicorn", "wsgi:app"], ["flask", "--app", "wsgi", "routes"]])
def test_a_bad_setting_stops_the_start_with_one_line(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, **NEEDED, "MAX_UPLOAD_BYTES": "many"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["reaction-board: MAX_UPLOAD_BYTES: Not a valid integer."]


def test_every_setting_is_documented_with_its_unit_its_default_and_an_example() -> None:
    document = (ROOT / "docs/settings.md").read_text()
    sections = dict(re.findall(r"(?ms)^## `(\w+)`\n(.*?)(?=^## |\Z)", document))
    fields = settings.SettingsSchema().fields
    assert list(sections) == list(fields)
    for name, field in fields.items():
        unit, default, example = re.findall(r"(?m)^- (?:Unit|Default|Example): (.*)$", sections[name])
        assert unit == field.metadata["unit"]
        shown = field.load_default if isinstance(field.load_default, list) else [field.load_default]
        if field.required or shown in ([], [None]):
            assert default.startswith("none"), name
        else:
            assert default == f"`{','.join(map(str, shown)).lower()}`", name
        assert example.startswith(f"`{name}="), name
        assert settings.load({**NEEDED, name: example.strip("`").partition("=")[2]})
