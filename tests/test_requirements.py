"""The requirements of production: complete, at the tested versions, and with hashes."""

import re
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
    needed: set[str] = set()
    waiting = [Requirement("reaction-board")]
    while waiting:
        package = waiting.pop()
        for line in requires(package.name) or ():
            requirement = Requirement(line)
            # For all supported Pythons: what only an older one needs must not be missing.
            wanted = not requirement.marker or any(
                requirement.marker.evaluate(
                    {"extra": extra, "python_version": version, "python_full_version": f"{version}.1"}
                )
                for extra in (package.extras or {""})
                for version in ("3.11", "3.12", "3.13", "3.14")
            )
            name = canonicalize_name(requirement.name)
            if wanted and (name not in needed or requirement.extras):
                needed.add(name)
                waiting.append(requirement)
    assert needed == set(pins("requirements.txt"))
