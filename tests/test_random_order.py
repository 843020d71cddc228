"""GET /images?order=random."""

import pytest

from reaction_board.database.queries import shuffle
from tests.board import Board, assert_error, ids, links_of
from tests.walks import walk, walk_among_others

CONDITIONS = [
    {},
    {"none": "dog"},
    {"tags": "cat"},
    {"tags": "cat,funny"},
    {"any": "cat,dog"},
    {"mime_type": "image/png"},
]


@pytest.fixture(params=["sorted", "walked"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both implementations of the order: few positions are sorted, and many are walked in steps."""
    monkeypatch.setattr(shuffle, "SORTED", 0 if request.param == "sorted" else 2**60)


def add_cats(board: Board) -> set[str]:
    return {board.added(tags="cat,funny")["id"] for _ in range(11)}


@pytest.fixture(scope="module")
def cats(shared_board: Board) -> set[str]:
    return add_cats(shared_board)


def order_of(board: Board, seed: int, **asked: str) -> list[str]:
    return ids(board.search(order="random", seed=seed, limit=100, **asked)["items"])


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 3, 11, 12])
@pytest.mark.parametrize("asked", CONDITIONS, ids=str)
def test_links_lead_through_the_whole_result_and_back(
    shared_board: Board, cats: set[str], asked: dict[str, str], limit: int
) -> None:
    for seed in (0, 3):
        pages = walk(shared_board, **asked, order="random", seed=seed, limit=limit)
        assert [image for page in pages for image in ids(page["items"])] == order_of(shared_board, seed, **asked)


@pytest.mark.slow
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


def test_a_random_order_is_walked_by_links_and_not_by_far_offsets(shared_board: Board) -> None:
    assert shared_board.search(order="random", offset=100_000)["items"] == []
    response = shared_board.get("/images", query_string={"order": "random", "offset": 100_001})
    assert_error(response, 422, "validation_error", about="offset: ")


@pytest.mark.parametrize("seed", ["-1", "x", str(2**53), "1.5", ""])
def test_a_bad_seed_is_refused(shared_board: Board, seed: str) -> None:
    response = shared_board.get("/images", query_string={"order": "random", "seed": seed})
    assert_error(response, 422, "validation_error", about="seed: ")
