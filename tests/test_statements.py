"""The number of statements that a request sends to the database. More would slow down a busy board."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from sqlalchemy import Engine, event

from tests.board import Board
from tests.drawings import drawing

Statements = list[str]


@pytest.fixture
def statements(engine: Engine) -> Iterator[Statements]:
    """The statements that the application sends, as they come."""
    sent: Statements = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def sent_by(statements: Statements, act: Callable[[], object]) -> Statements:
    """Return the statements of one action."""
    statements.clear()
    act()
    return list(statements)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"tags": "a"},
        {"tags": "a,b"},
        {"any": "a,b"},
        {"none": "a"},
        {"tags": "a", "none": "c"},
        {"mime_type": "image/png"},
        {"order": "random"},
        {"order": "random", "tags": "a,b"},
        {"tags": "alias"},
        {"tags": "alias,b"},
        {"any": "alias,b"},
        {"tags": "b", "none": "alias"},
    ],
    ids=str,
)
def test_a_page_of_fifty_images_takes_two_statements_at_most(
    board: Board, statements: Statements, query: dict[str, str]
) -> None:
    for _ in range(3):
        board.added(tags="a,b")
    board.set_aliases("a", "alias")
    assert len(sent_by(statements, lambda: board.search(**query, limit=50))) <= 2
    assert len(sent_by(statements, lambda: board.search(**query, limit=1, offset=1))) <= 2


def test_one_image_and_its_bytes_take_one_statement_each(board: Board, statements: Statements) -> None:
    image = board.added(tags="a,b")
    assert len(sent_by(statements, lambda: board.get(f"/images/{image['id']}"))) == 1
    assert len(sent_by(statements, lambda: board.file(image))) == 1


def test_similar_images_take_three_statements(board: Board, statements: Statements) -> None:
    image = board.added(data=drawing(1).pngsave_buffer())
    assert len(sent_by(statements, lambda: board.similar(image))) == 3


def test_the_list_of_tags_takes_one_statement(board: Board, statements: Statements) -> None:
    board.added(tags="a,b")
    assert len(sent_by(statements, board.tags)) == 1
    assert len(sent_by(statements, lambda: board.tags(match="a"))) == 1
    assert len(sent_by(statements, lambda: board.tag("a"))) == 1


def test_what_goes_together_takes_three_statements(board: Board, statements: Statements) -> None:
    board.added(tags="a,b,c")
    for names in ("a", "a,b"):
        assert len(sent_by(statements, partial(board.tags, **{"with": names}))) == 3


def test_an_alias_costs_a_write_no_statement(board: Board, statements: Statements) -> None:
    image = board.added(tags="a,b")
    board.set_aliases("a", "alias")
    tag, alias = (len(sent_by(statements, partial(board.added, tags=tags))) for tags in ("a", "alias"))
    assert tag == alias
    assert len(sent_by(statements, lambda: board.replace_tags(image["id"], ["b", "alias", "new"]))) <= 8


def test_a_step_of_a_merge_takes_as_many_statements_for_many_images_as_for_one(
    board: Board, statements: Statements
) -> None:
    for tags in ("a", *["b"] * 20):
        board.added(tags=tags)
    one, many = (len(sent_by(statements, partial(board.merged, name, f"new-{name}"))) for name in "ab")
    assert one == many


def test_writing_takes_as_many_statements_for_many_tags_as_for_one(board: Board, statements: Statements) -> None:
    many = ",".join(f"t{n}" for n in range(50))
    counts = [len(sent_by(statements, partial(board.added, tags=tags))) for tags in ("", "a", many)]
    assert counts[1] == counts[2]
    assert max(counts) <= 8
    image = board.added(tags=many)
    assert len(sent_by(statements, lambda: board.replace_tags(image["id"], ["a"]))) <= 8
    assert len(sent_by(statements, lambda: board.delete(image["id"]))) <= 12


def test_a_duplicate_takes_two_statements(board: Board, statements: Statements) -> None:
    image = board.added()
    data = board.file(image).data
    assert len(sent_by(statements, lambda: board.upload(data))) == 2


def test_tagging_many_takes_as_many_statements_as_tagging_one(board: Board, statements: Statements) -> None:
    board.added(tags="new")
    images = [board.added(tags="old")["id"] for _ in range(20)]
    one = sent_by(statements, lambda: board.change_tags(images[:1], add=["new"], remove=["old"]))
    rest = sent_by(statements, lambda: board.change_tags(images[1:], add=["new"], remove=["old"]))
    assert len(one) == len(rest)
