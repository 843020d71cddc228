"""The document against the application, and the application against a model, by what tools think up."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reaction_board.database.queries import lists
from tests.board import Board, assert_error, ids, links_of
from tests.check import check
from tests.pictures import animation, picture
from tests.servers import Gunicorn
from tests.walks import path_of, walk

# In sequences, the tool takes an empty list in a form for an invalid one; it is no field at all, and valid.
SCHEMATHESIS = """
[phases.stateful]
generation.mode = "positive"
"""


@pytest.mark.slow
def test_schemathesis_finds_no_answer_outside_the_document(gunicorn: Gunicorn, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(SCHEMATHESIS)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{gunicorn.url}/openapi.json", "--no-color"),
            # A range may be well formed and lie outside of the bytes: that every valid request succeeds cannot hold.
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
            *("--max-examples", "25", "--seed", "1"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "Tested: 14" in done.stdout


FILMS = [animation("gif"), animation("webp")]
CONTENTS = [*(picture() for _ in range(4)), *FILMS]
FILM_HASHES = {hashlib.sha256(film).hexdigest() for film in FILMS}
TAG_SETS = st.sets(st.sampled_from("abcd")).map(sorted)


class AgainstAModel(RuleBasedStateMachine):
    """Random uploads, tags, deletes, searches and walks; the model is a list of images, the newest first."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.board = Board(self.app.test_client())
        self.images: list[dict[str, Any]] = []
        self.link = ""  # to the next page of a walk from the newest on
        self.ahead: list[str] = []  # ids that were there when the walk began, and are to be met

    @initialize()
    def empty(self) -> None:
        for image in self.board.search(limit=100)["items"]:
            self.board.delete(image["id"])

    @rule(content=st.sampled_from(CONTENTS), tags=TAG_SETS)
    def upload(self, content: bytes, tags: list[str]) -> None:
        response = self.board.upload(content, tags=",".join(tags))
        answer = response.get_json()
        known = [image for image in self.images if image["hash"] == answer["hash"]]
        assert response.status_code == (200 if known else 201)
        assert answer.pop("duplicate") == bool(known)
        if known:
            assert answer == known[0]
        else:
            assert answer["tags"] == tags
            self.images.insert(0, answer)

    @precondition(lambda self: self.images)
    @rule(data=st.data(), tags=TAG_SETS)
    def replace_tags(self, data: st.DataObject, tags: list[str]) -> None:
        image = data.draw(st.sampled_from(self.images))
        image["tags"] = tags
        assert self.board.replace_tags(image["id"], tags[::-1]).get_json() == image

    @precondition(lambda self: self.images)
    @rule(data=st.data(), add=TAG_SETS, remove=TAG_SETS)
    def change_tags_of_many(self, data: st.DataObject, add: list[str], remove: list[str]) -> None:
        images = data.draw(st.lists(st.sampled_from(self.images), min_size=1, max_size=4, unique_by=lambda i: i["id"]))
        response = self.board.change_tags(ids(images), add=add, remove=remove)
        if (not add and not remove) or set(add) & set(remove):
            assert_error(response, 422, "validation_error")
            return
        for image in images:
            image["tags"] = sorted(set(image["tags"]) - set(remove) | set(add))
        assert response.get_json()["items"] == images

    @precondition(lambda self: self.images)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        image = data.draw(st.sampled_from(self.images))
        self.images.remove(image)
        self.ahead = [image_id for image_id in self.ahead if image_id != image["id"]]
        assert self.board.delete(image["id"]).status_code == 204
        assert self.board.get(f"/images/{image['id']}").status_code == 404
        assert self.board.file(image).status_code == 404

    def matching(self, asked: dict[str, Any]) -> list[str]:
        """Return the ids that a search shall find, the newest first."""
        return [
            image["id"]
            for image in self.images
            if set(image["tags"]).issuperset(asked["tags"])
            and (not asked["any"] or set(image["tags"]).intersection(asked["any"]))
            and set(image["tags"]).isdisjoint(asked["none"])
            and asked["mime_type"] in (None, image["mime_type"])
            and asked["hash"] in (None, image["hash"])
            and asked["untagged"] in (None, not image["tags"])
            and asked["animated"] in (None, image["hash"] in FILM_HASHES)
        ]

    @rule(
        data=st.data(),
        asked=st.fixed_dictionaries(
            {
                **dict.fromkeys(("tags", "any", "none"), TAG_SETS),
                "mime_type": st.sampled_from([None, None, "image/png", "image/gif"]),
                **dict.fromkeys(("untagged", "animated"), st.sampled_from([None, None, True, False])),
            }
        ),
        seed=st.one_of(st.none(), st.integers(0, 5)),
        limit=st.integers(1, 4),
        offset=st.integers(0, 4),
    )
    def search(self, data: st.DataObject, asked: dict[str, Any], seed: int | None, limit: int, offset: int) -> None:
        asked["hash"] = data.draw(st.sampled_from([None, None, None, *(image["hash"] for image in self.images)]))
        expected = self.matching(asked)
        query = {name: ",".join(value) if isinstance(value, list) else value for name, value in asked.items()}
        query = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
        query = {name: value for name, value in query.items() if value}
        if seed is not None:
            query |= {"order": "random", "seed": seed}
        page = self.board.search(**query, limit=limit, offset=offset)
        walked = [image for page in walk(self.board, **query, limit=limit) for image in ids(page["items"])]
        assert page["total"] == len(expected)
        assert ids(page["items"]) == walked[offset : offset + limit]
        assert (walked if seed is None else sorted(walked)) == (expected if seed is None else sorted(expected))

    @rule(limit=st.integers(1, 3))
    def begin_a_walk(self, limit: int) -> None:
        self.link, self.ahead = path_of(limit=limit), ids(self.images)
        self.go_on()

    @precondition(lambda self: self.link)
    @rule()
    def go_on_with_the_walk(self) -> None:
        self.go_on()

    def go_on(self) -> None:
        """Meet what comes next, whatever was uploaded, tagged and deleted since the page before."""
        response = self.board.client.get(self.link)
        page = ids(response.get_json()["items"])
        assert page == self.ahead[: len(page)]
        self.ahead = self.ahead[len(page) :]
        self.link = links_of(response).get("next", "")
        assert self.link or not self.ahead

    @invariant()
    def every_image_is_as_the_model_has_it(self) -> None:
        assert self.board.search()["items"] == self.images
        counts = {name: sum(name in image["tags"] for image in self.images) for name in "abcd"}
        assert {name: count for name, count in self.board.tag_counts().items() if count} == {
            name: count for name, count in counts.items() if count
        }


@pytest.mark.parametrize("popular", [2, 1_000_000])
def test_random_sequences_agree_with_a_model(app: Flask, popular: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "POPULAR", popular)

    class Machine(AgainstAModel):
        pass

    Machine.app = app
    quick = settings(
        max_examples=10,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=quick)
    assert check(app, "--deep") == (0, [])
