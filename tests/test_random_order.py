"""GET /images?order=random."""

import pytest

from reaction_board.database.queries import search
from tests.board import Board, assert_error, ids, links_of
from tests.walks import walk, walk_among_others

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


def add_cats(board: Board) -> set[str]:
    return {board.added(tags="cat,funny")["id"] for _ in range(11)}


@pytest.fixture(scope="module")
def cats(shared_board: Board) -> set[str]:
    return add_cats(shared_board)


def order_of(board: Board, seed: int, **asked: str) -> list[str]:
    return ids(board.search(order="random", seed=seed, limit=100, **asked)["items"])


@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_a_seed_decides_the_order(shared_board: Board, cats: set[str], asked: dict[str, str]) -> None:
    orders = [order_of(shared_board, seed, **asked) for seed in range(12)]
    assert all(set(order) == cats and len(order) == len(cats) for order in orders)
    assert orders == [order_of(shared_board, seed, **asked) for seed in range(12)]
    assert len({tuple(order) for order in orders}) > 3
    assert len({order[0] for order in orders}) > 3


@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_pages_of_one_seed_do_not_overlap(shared_board: Board, cats: set[str], asked: dict[str, str]) -> None:
    for seed in (0, 1, 2**53 - 1):
        query = {"order": "random", "seed": seed, "limit": 4, **asked}
        pages = [shared_board.search(**query, offset=offset) for offset in (0, 4, 8, 12)]
        assert [image for page in pages for image in ids(page["items"])] == order_of(shared_board, seed, **asked)
        assert [page["total"] for page in pages] == [11] * 4
        assert [page["seed"] for page in pages] == [seed] * 4


@pytest.mark.parametrize("limit", [1, 3, 11, 12])
@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_links_lead_through_the_whole_result_and_back(
    shared_board: Board, cats: set[str], asked: dict[str, str], limit: int
) -> None:
    for seed in range(4):
        pages = walk(shared_board, **asked, order="random", seed=seed, limit=limit)
        assert [image for page in pages for image in ids(page["items"])] == order_of(shared_board, seed, **asked)


@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_following_links_repeats_nothing_while_others_change_the_board(board: Board, asked: dict[str, str]) -> None:
    cats = add_cats(board)

    def change(met: list[str]) -> None:
        board.added(tags="cat,funny")
        board.delete(met[-1])

    assert cats <= set(walk_among_others(board, change, **asked, order="random", seed=7, limit=2))


def test_a_seed_is_made_up_and_leads_to_the_following_pages(shared_board: Board, cats: set[str]) -> None:
    response = shared_board.get("/images?order=random&limit=6")
    first = response.get_json()
    second = shared_board.client.get(links_of(response)["next"]).get_json()
    assert second["seed"] == first["seed"]
    assert {*ids(first["items"]), *ids(second["items"])} == cats
    assert len({shared_board.search(order="random")["seed"] for _ in range(4)}) > 1
    assert "seed" not in shared_board.search()


def test_a_link_still_leads_on_when_the_board_has_become_large(
    shared_board: Board, cats: set[str], monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    order = order_of(shared_board, 5)
    link = links_of(shared_board.get("/images?order=random&seed=5&limit=4"))["next"]
    monkeypatch.setattr(search, "RING_FROM", 3 if size == "small" else 1000)
    assert ids(shared_board.client.get(link).get_json()["items"]) == order[4:8]


@pytest.mark.parametrize("seed", ["-1", "x", str(2**53), "1.5", ""])
def test_a_bad_seed_is_refused(shared_board: Board, seed: str) -> None:
    response = shared_board.get("/images", query_string={"order": "random", "seed": seed})
    assert_error(response, 422, "validation_error", about="seed: ")


@pytest.mark.parametrize("size", ["large"], indirect=True)
def test_a_cursor_of_a_ring_is_refused_by_other_orders(shared_board: Board, cats: set[str]) -> None:
    cursor = links_of(shared_board.get("/images?order=random&limit=4"))["next"].split("cursor=")[1].split("&")[0]
    for query in ("", "order=random&tags=cat&"):
        response = shared_board.get(f"/images?{query}cursor={cursor}")
        assert_error(response, 422, "validation_error", about="cursor: ")
