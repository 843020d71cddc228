"""The requirements of production: complete, at the tested versions, and with hashes."""

import re

import pytest
from packaging.utils import canonicalize_name

from tests.distributions import needed_by
from tests.servers import ROOT

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Return the versions that a file pins, by name."""
    text = (ROOT / name).read_text()
    return {
        canonicalize_name(package): version
        for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    }


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-build.txt"])
def test_every_line_has_a_hash_and_nothing_else(name: str) -> None:
    text = (ROOT / name).read_text()
    rest = re.sub(r"^#.*$", "", PINNED.sub("", text), flags=re.MULTILINE)
    assert rest.split() == []
    assert "/" not in re.sub(r"^#.*$", "", text, flags=re.MULTILINE)  # neither an index nor a path


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-build.txt"])
def test_the_versions_are_those_that_are_tested(name: str) -> None:
    tested, untested = pins("constraints.txt"), {"setuptools", "pkgconfig"}  # only for building
    assert {package: version for package, version in pins(name).items() if package not in untested} == {
        package: tested[package] for package in pins(name) if package not in untested
    }


def test_all_that_the_application_needs_is_there() -> None:
    assert needed_by("reaction-board") == set(pins("requirements.txt"))
