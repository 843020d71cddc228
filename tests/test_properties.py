"""Generated tests: the application against its API document and against a model."""

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
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

from reaction_board.database.queries import lists, merges
from tests.board import Board, assert_error, ids, links_of
from tests.check import check, kinds
from tests.drawings import drawing
from tests.pictures import animation, picture
from tests.servers import PATIENCE, Gunicorn
from tests.walks import path_of, walk

pytestmark = pytest.mark.slow

# In sequences, the tool considers an empty list in a form invalid. It sends no field then, which is valid.
SCHEMATHESIS = """
[phases.stateful]
generation.mode = "positive"
"""


def test_schemathesis_finds_no_answer_outside_the_document(gunicorn: Gunicorn, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(SCHEMATHESIS)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{gunicorn.url}/openapi.json", "--no-color"),
            # A well-formed range may lie outside the file, so not every valid request succeeds.
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
            *("--max-examples", "25", "--seed", "1"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "Tested: 20" in done.stdout


FILMS = [animation("gif"), animation("webp")]
LOOKS = [  # pictures that look alike
    [drawing(1, 160, 120).pngsave_buffer(), drawing(1, 160, 120).jpegsave_buffer(Q=50)],
    [drawing(2, 160, 120).pngsave_buffer(), drawing(2, 160, 120).resize(0.6).webpsave_buffer()],
]
LOOK_OF = {hashlib.sha256(data).hexdigest(): number for number, look in enumerate(LOOKS) for data in look}
CONTENTS = [*(picture() for _ in range(4)), *FILMS, *(data for look in LOOKS for data in look)]
FILM_HASHES = {hashlib.sha256(film).hexdigest() for film in FILMS}
NAMES = "abcdef"
TAG_SETS = st.sets(st.sampled_from("abcd")).map(sorted)
STEP = 2  # images that one step of a merge moves


class AgainstAModel(RuleBasedStateMachine):
    """Random changes, merges, searches and walks; the model is a list of images, the newest first, and of names."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.board = Board(self.app.test_client())
        self.images: list[dict[str, Any]] = []
        self.tags: set[str] = set()  # all names that ever were tags
        self.stands_for: dict[str, str] = {}  # the tag of each alias
        self.merging: dict[str, list[str]] = {}  # for each tag, the aliases that images may still have
        self.link = ""  # to the next page of a walk that began with the newest image
        self.ahead: list[str] = []  # ids that were there when the walk began, and that it must return

    @initialize()
    def empty(self) -> None:
        for image in self.board.search(limit=100)["items"]:
            self.board.delete(image["id"])
        for tag in self.board.tags()["items"]:
            assert self.board.set_aliases(tag["name"]).status_code == 200
        self.tags = set(self.board.tag_counts())

    def resolve(self, names: Iterable[str]) -> set[str]:
        """Return the tags that names stand for."""
        return {self.stands_for.get(name, name) for name in names}

    def having(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Return the images whose records have one of some names."""
        return [image for image in self.images if not set(names).isdisjoint(image["tags"])]

    def counts(self) -> dict[str, int]:
        """Return the number of images of each tag that has any."""
        return dict(Counter(tag for image in self.images for tag in self.resolve(image["tags"])))

    def give_tags(self, image: dict[str, Any], tags: Iterable[str]) -> None:
        image["tags"] = sorted(self.resolve(tags))
        self.tags.update(image["tags"])

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
            assert answer["tags"] == sorted(self.resolve(tags))
            self.give_tags(answer, tags)
            self.images.insert(0, answer)

    @precondition(lambda self: self.images)
    @rule(data=st.data(), tags=TAG_SETS)
    def replace_tags(self, data: st.DataObject, tags: list[str]) -> None:
        image = data.draw(st.sampled_from(self.images))
        self.give_tags(image, tags)
        assert self.board.replace_tags(image["id"], tags[::-1]).get_json() == image

    @precondition(lambda self: self.images)
    @rule(data=st.data(), add=TAG_SETS, remove=TAG_SETS)
    def change_tags_of_many(self, data: st.DataObject, add: list[str], remove: list[str]) -> None:
        images = data.draw(st.lists(st.sampled_from(self.images), min_size=1, max_size=4, unique_by=lambda i: i["id"]))
        response = self.board.change_tags(ids(images), add=add, remove=remove)
        if (not add and not remove) or self.resolve(add) & self.resolve(remove):
            assert_error(response, 422, "validation_error")
            return
        for image in images:
            self.give_tags(image, self.resolve(image["tags"]) - self.resolve(remove) | self.resolve(add))
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

    @precondition(lambda self: self.images)
    @rule(data=st.data())
    def delete_many(self, data: st.DataObject) -> None:
        images = data.draw(st.lists(st.sampled_from(self.images), max_size=2, unique_by=lambda image: image["id"]))
        unknown = "01890000-0000-7000-8000-000000000000"
        answer = self.board.delete_many([*ids(images), unknown]).get_json()
        assert answer == {"deleted": ids(images), "missing": [unknown]}
        self.images = [image for image in self.images if image not in images]
        self.ahead = [image_id for image_id in self.ahead if image_id not in ids(images)]

    @rule(name=st.sampled_from(NAMES), aliases=st.sets(st.sampled_from(NAMES), max_size=3).map(sorted))
    def set_aliases(self, name: str, aliases: list[str]) -> None:
        response = self.board.set_aliases(name, *aliases)
        if name not in self.tags | set(self.stands_for):
            assert_error(response, 404, "tag_not_found")
            return
        tag = self.stands_for.get(name, name)
        before = {alias for alias, of in self.stands_for.items() if of == tag}
        added, removed = set(aliases) - before, before - set(aliases)
        taken = {alias for alias in added if alias in self.stands_for and self.stands_for[alias] not in added}
        left_out = {alias for alias, of in self.stands_for.items() if of in added} - set(aliases)
        if tag in added or taken or left_out or added & set(self.counts()) or self.having(removed):
            assert response.status_code == 409
            return
        for alias in removed:
            del self.stands_for[alias]
        self.stands_for.update(dict.fromkeys(added, tag))
        aliases = sorted(alias for alias, of in self.stands_for.items() if of == tag)
        assert response.get_json()["aliases"] == aliases

    @rule(name=st.sampled_from(NAMES), into=st.sampled_from(NAMES))
    def merge(self, name: str, into: str) -> None:
        response = self.board.merge(name, into)
        if name not in self.tags | set(self.stands_for):
            assert_error(response, 404, "tag_not_found")
            return
        tag, has_begun = self.stands_for.get(into, into), name in self.stands_for
        if (tag != self.stands_for[name]) if has_begun else (tag == name):
            assert_error(response, 409, "alias_conflict")
            return
        entering = [] if has_begun else [name, *self.merging.pop(name, [])]
        sources = [*entering, *self.merging.get(tag, [])]
        moved = next((found for source in sources if (found := self.having([source])[-STEP:])), [])
        self.stands_for.update(
            dict.fromkeys([name, *(alias for alias, of in self.stands_for.items() if of == name)], tag)
        )
        self.tags.add(tag)
        for image in moved:
            self.give_tags(image, image["tags"])
        self.merging[tag] = [one for one in [*self.merging.get(tag, []), *entering] if self.having([one])]
        answer = response.get_json()
        assert (answer["moved"], answer["remaining"]) == (len(moved), len(self.having(self.merging[tag])))
        assert (answer["tag"]["name"], answer["tag"]["image_count"]) == (tag, self.counts().get(tag, 0))
        assert name in answer["tag"]["aliases"]

    @rule(typed=st.sampled_from(NAMES))
    def complete(self, typed: str) -> None:
        items = [(tag.get("alias"), tag["name"], tag["image_count"]) for tag in self.board.tags(match=typed)["items"]]
        tag = self.stands_for.get(typed, typed)
        count = self.counts().get(tag, 0)
        if typed in self.stands_for:
            assert items == [(typed, tag, count)]
        else:
            assert items == ([(None, tag, count)] if typed in self.tags else [])

    @rule(names=st.sets(st.sampled_from("abcd"), min_size=1, max_size=2).map(sorted))
    def find_together(self, names: list[str]) -> None:
        found = [tags for image in self.images if (tags := self.resolve(image["tags"])) >= self.resolve(names)]
        expected = Counter(tag for tags in found for tag in tags - self.resolve(names))
        items = self.board.tags(**{"with": ",".join(names)})["items"]
        assert [(tag["name"], tag["together"]) for tag in items] == sorted(
            expected.items(), key=lambda one: (-one[1], one)
        )

    def looking_like(self, content_hash: str) -> set[str]:
        """Return the ids of all images that look like a picture. Pictures without structure look like none."""
        look = LOOK_OF.get(content_hash)
        return {image["id"] for image in self.images if look is not None and LOOK_OF.get(image["hash"]) == look}

    @precondition(lambda self: self.images)
    @rule(data=st.data())
    def find_similar(self, data: st.DataObject) -> None:
        image = data.draw(st.sampled_from(self.images))
        similar = self.board.similar(image)
        assert {one["id"] for one in similar} == self.looking_like(image["hash"]) - {image["id"]}
        distances = [one.pop("distance") for one in similar]
        assert distances == sorted(distances)
        assert all(one in self.images for one in similar)

    @rule(content=st.sampled_from(CONTENTS))
    def look_for(self, content: bytes) -> None:
        found = {image["id"] for image in self.board.look_for(content).get_json()["items"]}
        assert found == self.looking_like(hashlib.sha256(content).hexdigest())

    def matching(self, asked: dict[str, Any]) -> list[str]:
        """Return the ids that a search must find, the newest first."""
        all_, any_, none = (self.resolve(asked[name]) for name in ("tags", "any", "none"))
        return [
            image["id"]
            for image in self.images
            if (tags := self.resolve(image["tags"])) >= all_
            and (not any_ or tags & any_)
            and not tags & none
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
        """Fetch the next page of a walk, whatever was uploaded, tagged and deleted since the last one."""
        response = self.board.client.get(self.link)
        page = ids(response.get_json()["items"])
        assert page == self.ahead[: len(page)]
        self.ahead = self.ahead[len(page) :]
        self.link = links_of(response).get("next", "")
        assert self.link or not self.ahead

    @invariant()
    def every_image_is_as_the_model_has_it(self) -> None:
        assert self.board.search()["items"] == self.images
        counts = self.counts()
        assert self.board.tag_counts() == {tag: counts.get(tag, 0) for tag in self.tags - set(self.stands_for)}


@pytest.mark.parametrize("popular", [2, 1_000_000])
def test_random_sequences_agree_with_a_model(app: Flask, popular: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "POPULAR", popular)
    monkeypatch.setattr(merges, "STEP", STEP)

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
    assert {finding["kind"] for finding in check(app, "--deep")[1]} <= {"unfinished merge"}
    assert all(repaired for *_, repaired in kinds(check(app, "--repair")[1]))
    assert check(app) == (0, [])
