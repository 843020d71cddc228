"""The core of the page in three browser engines: finding a picture by its tag, and taking its link."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.page.engines import ENGINES, Engine
from tests.proxy import Proxy
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
    engine.press(*typed, *taken)
    assert eventually(lambda: "Copied the direct link." in engine.text())
    assert engine.copied() == f"{origin}/i/{images['two.png']['id']}.png"


def test_by_the_mouse_it_takes_two_clicks_and_three_keys_at_most(
    engine: Engine, origin: str, images: dict[str, Any]
) -> None:
    engine.open(f"{origin}/")
    assert eventually(lambda: engine.has("link", "dog"))
    typed = ["c", "a", "t"]
    assert len(typed) <= 3
    engine.press(*typed)
    assert eventually(lambda: engine.has("link", "cat") and not engine.has("link", "dog"))
    engine.click("link", "cat")
    assert eventually(lambda: "Copied the direct link." in engine.text())
    assert engine.copied() == f"{origin}/i/{images['two.png']['id']}.png"


def test_a_link_is_copied_if_the_keys_come_before_the_pictures(
    engine: Engine, origin: str, images: dict[str, Any]
) -> None:
    port = urlsplit(origin).port
    assert port
    with Proxy.running(port) as network:
        address = f"http://127.0.0.1:{network.port}"
        engine.open(f"{address}/")
        assert eventually(lambda: engine.has("link", "dog"))
        network.hangs = True
        engine.press("c", "a", "t", "ArrowDown", "Enter")
        assert engine.has("link", "dog")
        network.hangs = False
        assert eventually(lambda: "Copied the direct link." in engine.text())
        assert engine.copied() == f"{address}/i/{images['two.png']['id']}.png"


def test_a_picture_is_opened_and_its_link_copied_there(engine: Engine, origin: str, images: dict[str, Any]) -> None:
    engine.open(f"{origin}/?tags=funny")
    assert eventually(lambda: engine.has("link", "cat, funny"))
    engine.click("link", "cat, funny")
    engine.press("o")
    assert eventually(lambda: engine.has("heading", "one.png"))
    engine.press("ArrowLeft")  # to another one, because the click has copied the link of this one
    assert eventually(lambda: engine.has("heading", "three.png"))
    engine.press("Enter")  # the button to copy the direct link has the focus
    assert eventually(lambda: "Copied the direct link." in engine.text())
    assert engine.copied() == f"{origin}/i/{images['three.png']['id']}.png"
