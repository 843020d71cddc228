"""GET /images?order=random."""

import pytest

from reaction_board.database.queries import search
from tests.board import API, Board, assert_error, ids, links_of

pytestmark = pytest.mark.parametrize("environment", ["rclone"], indirect=True)

# All of the board, of which a large one is a ring; and parts of it, which are shuffled.
CONDITIONS = [
    {},
    {"none": "dog"},
    {"tags": "cat"},
    {"tags": "cat,funny"},
    {"any": "cat,dog"},
    {"mime_type": "image/png"},
]


@pytest.fixture(params=["small", "large"], autouse=True)
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is taken for a large board."""
    if request.param == "large":
        monkeypatch.setattr(search, "RING_FROM", 3)
        monkeypatch.setattr(search, "FEW", 3)
    return str(request.param)


@pytest.fixture
def cats(board: Board) -> set[str]:
    return {board.added(tags="cat,funny")["id"] for _ in range(11)}


def order_of(board: Board, seed: int, **asked: str) -> list[str]:
    return ids(board.search(order="random", seed=seed, limit=100, **asked)["items"])


@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_a_seed_decides_the_order(board: Board, cats: set[str], asked: dict[str, str]) -> None:
    orders = [order_of(board, seed, **asked) for seed in range(12)]
    assert all(set(order) == cats and len(order) == len(cats) for order in orders)
    assert orders == [order_of(board, seed, **asked) for seed in range(12)]
    assert len({tuple(order) for order in orders}) > 3
    assert len({order[0] for order in orders}) > 3


@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_pages_of_one_seed_do_not_overlap(board: Board, cats: set[str], asked: dict[str, str]) -> None:
    for seed in (0, 1, 2**53 - 1):
        pages = [board.search(order="random", seed=seed, limit=4, offset=offset, **asked) for offset in (0, 4, 8, 12)]
        assert [image for page in pages for image in ids(page["items"])] == order_of(board, seed, **asked)
        assert [page["total"] for page in pages] == [11] * 4
        assert [page["seed"] for page in pages] == [seed] * 4


@pytest.mark.parametrize("limit", [1, 3, 11, 12])
@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_links_lead_through_the_whole_result_and_back(
    board: Board, cats: set[str], asked: dict[str, str], limit: int
) -> None:
    query = "".join(f"{name}={value}&" for name, value in asked.items())
    for seed in range(4):
        start = f"{API}/images?{query}order=random&seed={seed}&limit={limit}"
        pages = list(board.followed("next", start))
        assert [image for page in pages for image in ids(page["items"])] == order_of(board, seed, **asked)
        path = links_of(board.client.get(start)).get("next", start)
        while "next" in (links := links_of(board.client.get(path))):
            path = links["next"]
        back = list(board.followed("prev", path))
        assert [ids(page["items"]) for page in back] == [ids(page["items"]) for page in pages[::-1]]


@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_following_links_repeats_nothing_while_others_change_the_board(
    board: Board, cats: set[str], asked: dict[str, str]
) -> None:
    query = "".join(f"{name}={value}&" for name, value in asked.items())
    met: list[str] = []
    for page in board.followed("next", f"{API}/images?{query}order=random&seed=7&limit=2"):
        met += ids(page["items"])
        board.added(tags="cat,funny")
        board.delete(met[-1])
        if len(met) > 40:
            break
    assert len(set(met)) == len(met)
    assert cats <= set(met)


def test_a_seed_is_made_up_and_leads_to_the_following_pages(board: Board, cats: set[str]) -> None:
    response = board.get("/images?order=random&limit=6")
    first = response.get_json()
    second = board.client.get(links_of(response)["next"]).get_json()
    assert second["seed"] == first["seed"]
    assert {*ids(first["items"]), *ids(second["items"])} == cats
    assert len({board.search(order="random")["seed"] for _ in range(4)}) > 1
    assert "seed" not in board.search()


def test_a_link_still_leads_on_when_the_board_has_become_large(
    board: Board, cats: set[str], monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    order = order_of(board, 5)
    link = links_of(board.get("/images?order=random&seed=5&limit=4"))["next"]
    monkeypatch.setattr(search, "RING_FROM", 3 if size == "small" else 1000)
    assert ids(board.client.get(link).get_json()["items"]) == order[4:8]


@pytest.mark.parametrize("seed", ["-1", "x", str(2**53), "1.5", ""])
def test_a_bad_seed_is_refused(board: Board, seed: str) -> None:
    response = board.get("/images", query_string={"order": "random", "seed": seed})
    assert_error(response, 422, "validation_error", about="seed: ")


@pytest.mark.parametrize("size", ["large"], indirect=True)
def test_a_cursor_of_a_ring_is_refused_by_other_orders(board: Board, cats: set[str]) -> None:
    cursor = links_of(board.get("/images?order=random&limit=4"))["next"].split("cursor=")[1].split("&")[0]
    for query in ("", "order=random&tags=cat&"):
        response = board.get(f"/images?{query}cursor={cursor}")
        assert_error(response, 422, "validation_error", about="cursor: ")
