"""The pictures for demonstrations are valid uploads."""

import pytest

from tests.board import Board
from tests.demo import DRAWINGS, encode

pytestmark = pytest.mark.slow


def test_a_board_takes_pictures_of_each_type_and_all_their_tags(board: Board) -> None:
    first = {filename.rpartition(".")[2]: (filename, draw) for filename, _, draw in reversed(DRAWINGS)}
    types = {}
    for suffix, (filename, draw) in first.items():
        image = board.added(data=encode(draw(), filename), filename=filename)
        types[suffix] = image["mime_type"]
    assert types == {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
    every = sorted({tag for _, tags, _ in DRAWINGS for tag in tags})
    assert board.replace_tags(image["id"], every).get_json()["tags"] == every
