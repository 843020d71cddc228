"""What a package needs to be installed."""

from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def needed_by(package: str) -> set[str]:
    """Return the names of all packages that a package with extras needs, directly or not, on any supported Python.

    What only an older Python needs is among them.
    """
    needed: set[str] = set()
    waiting = [Requirement(package)]
    while waiting:
        current = waiting.pop()
        for line in requires(current.name) or ():
            requirement = Requirement(line)
            wanted = not requirement.marker or any(
                requirement.marker.evaluate(
                    {"extra": extra, "python_version": version, "python_full_version": f"{version}.1"}
                )
                for extra in (current.extras or {""})
                for version in PYTHONS
            )
            name = canonicalize_name(requirement.name)
            if wanted and (name not in needed or requirement.extras):
                needed.add(name)
                waiting.append(requirement)
    return needed
