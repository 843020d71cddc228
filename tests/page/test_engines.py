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


def test_from_an_empty_page_to_a_copied_link_takes_six_keys_at_most(
    engine: Engine, origin: str, images: dict[str, Any]
) -> None:
    engine.open(f"{origin}/")
    assert eventually(lambda: engine.has("link", "dog"))
    typed, taken = ["c", "a", "t"], ["ArrowDown", "Enter"]
    assert len(typed + taken) <= 6
    engine.press(*typed)
    # WebKit lets a page copy only at once when a key is pressed: the pictures must be there.
    assert eventually(lambda: not engine.has("link", "dog"))
    engine.press(*taken)
    assert eventually(lambda: "Copied the direct link." in engine.text())
    assert engine.copied() == f"{origin}/i/{images['two.png']['id']}.png"


def test_a_picture_is_opened_and_its_link_copied_there(engine: Engine, origin: str, images: dict[str, Any]) -> None:
    engine.open(f"{origin}/?tags=funny")
    assert eventually(lambda: engine.has("link", "cat, funny"))
    engine.click("link", "cat, funny")
    engine.press("o")
    assert eventually(lambda: engine.has("heading", "one.png"))
    engine.press("Enter")  # the button to copy the direct link has the focus
    assert eventually(lambda: "Copied the direct link." in engine.text())
    assert engine.copied() == f"{origin}/i/{images['one.png']['id']}.png"
