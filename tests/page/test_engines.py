"""The core of the page in three browser engines: finding a picture by its tag, and taking its link."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.page.engines import ENGINES, Engine
from tests.servers import eventually


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    start, there, packages = ENGINES[request.param]
    if not there:
        pytest.skip(f"there is no {request.param} on this machine: apt install {packages}")
    with start() as engine:
        yield engine


def test_a_picture_is_found_by_the_keyboard_and_opened_and_its_link_copied(
    engine: Engine, origin: str, images: dict[str, Any]
) -> None:
    engine.open(f"{origin}/")
    assert eventually(lambda: engine.has("link", "dog"))
    engine.press("/", "c", "a", "t", "Enter")
    assert eventually(lambda: not engine.has("link", "dog"))
    engine.click("link", "cat, funny")
    assert eventually(lambda: engine.has("heading", "one.png"))
    engine.click("button", "Copy link")
    assert eventually(lambda: "Link copied." in engine.text())
    assert engine.copied() == f"{origin}/i/{images['one.png']['id']}"
