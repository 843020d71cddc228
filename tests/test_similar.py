"""GET /images/{id}/similar and POST /images/similar."""

import random
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
import pyvips
from flask import Flask
from sqlalchemy import Engine, text

from reaction_board.database import queries
from reaction_board.database.engine import transactional
from reaction_board.database.tables import BANDS
from reaction_board.media import decoder, fingerprint
from reaction_board.media.fingerprint import Fingerprint
from reaction_board.media.identify import Media
from reaction_board.service import consistency
from tests.board import API, Board, Objects, assert_error, ids
from tests.check import check, kinds
from tests.drawings import captioned, drawing
from tests.pictures import animation, picture
from tests.servers import PATIENCE, eventually

HEAVY = 0.015  # seconds; a PNG of 1280 × 960 is estimated at 0.03, its thumbnail at 0.008
MANGLED: dict[str, Callable[[Any], bytes]] = {
    "a third of the size": lambda image: image.resize(1 / 3).pngsave_buffer(),
    "JPEG": lambda image: image.jpegsave_buffer(Q=20),
    "WebP": lambda image: image.webpsave_buffer(Q=50),
    "GIF": lambda image: image.gifsave_buffer(),
    "brighter": lambda image: (image * 1.1).cast("uchar").pngsave_buffer(),
    "cropped": lambda image: image.crop(10, 8, image.width - 20, image.height - 16).pngsave_buffer(),
    "with a caption": lambda image: captioned(image, random.Random(3)).pngsave_buffer(),
    "transparent where it was white": lambda image: image.bandjoin((image < 255).bandor()).pngsave_buffer(),
    "turned, and EXIF turns it back": lambda image: turned(image).jpegsave_buffer(),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` reports the fingerprints of new images, too."""
    monkeypatch.setattr(consistency, "LATE_SECONDS", -1)


def turned(image: Any) -> Any:
    image = image.rot90().copy_memory().copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 8)
    return image


def found(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.get_json()["items"]
    return items


@pytest.fixture
def drawn(board: Board) -> list[dict[str, Any]]:
    """Four images that have nothing in common."""
    return [board.added(data=drawing(number).pngsave_buffer(), tags="drawn") for number in range(4)]


@pytest.mark.slow
@pytest.mark.parametrize("mangle", MANGLED.values(), ids=MANGLED)
def test_a_mangled_picture_is_found(board: Board, drawn: list[dict[str, Any]], mangle: Callable[[Any], bytes]) -> None:
    for number in (0, 3):
        (image,) = found(board.look_for(mangle(drawing(number))))
        assert image.pop("distance") <= 9
        assert {**image, "duplicate": False} == drawn[number]


def test_the_nearest_come_first_and_the_image_itself_is_left_out(board: Board, drawn: list[dict[str, Any]]) -> None:
    small = board.added(data=drawing(1).resize(0.5).pngsave_buffer())
    worse = board.added(data=drawing(1).crop(30, 20, 590, 440).pngsave_buffer())
    images = board.similar(drawn[1])
    assert ids(images) == ids([small, worse])
    assert images[0]["distance"] < images[1]["distance"]
    assert ids(board.similar(drawn[1], limit=1)) == ids([small])
    assert ids(board.similar(drawn[1], distance=images[0]["distance"])) == ids([small])
    assert ids(found(board.look_for(drawing(1).pngsave_buffer(), distance=0))) == ids([drawn[1]])
    assert [image["frames"] for image in board.similar(small, include="frames")] == [1, 1]


def test_a_deleted_image_is_not_found(board: Board, drawn: list[dict[str, Any]]) -> None:
    board.delete(drawn[0]["id"])
    assert found(board.look_for(drawing(0).pngsave_buffer())) == []
    assert_error(board.get(f"/images/{drawn[0]['id']}/similar"), 404, "image_not_found")


def test_a_search_by_picture_stores_nothing(board: Board, objects: Objects) -> None:
    for data in (drawing(0).pngsave_buffer(), picture()):
        assert found(board.look_for(data)) == []
    assert (board.search()["total"], objects.keys()) == (0, set())


def test_an_animation_is_found_by_its_first_frame(board: Board) -> None:
    frames = [drawing(number, 120, 90) for number in (2, 7)]
    film = pyvips.Image.arrayjoin(frames, across=1).copy()
    film.set_type(pyvips.GValue.gint_type, "page-height", 90)
    image = board.added(data=film.gifsave_buffer())
    assert ids(found(board.look_for(frames[0].pngsave_buffer()))) == [image["id"]]
    assert found(board.look_for(frames[1].pngsave_buffer())) == []


FLAT = {
    "one colour": picture(),
    "an animation of plain frames": animation("gif"),
    "a gradient": (pyvips.Image.xyz(90, 90)[0] * 2).cast("uchar").pngsave_buffer(),
}


@pytest.mark.parametrize("data", FLAT.values(), ids=FLAT)
def test_a_picture_without_structure_is_like_no_other(app: Flask, board: Board, data: bytes) -> None:
    image, _ = board.added(data=data), board.added(data=data + b"other bytes")
    assert board.similar(image) == found(board.look_for(data)) == []
    assert check(app) == (0, [])


@pytest.mark.parametrize(
    ("query", "field"), [({"distance": 10}, "distance"), ({"distance": -1}, "distance"), ({"limit": 0}, "limit"),
                         ({"limit": 101}, "limit"), ({"offset": 0}, "offset"), ({"include": "tags"}, "include")]
)  # fmt: skip
def test_what_is_wrong_in_a_query_is_named(board: Board, query: dict[str, Any], field: str) -> None:
    image = board.added()
    assert_error(board.get(f"/images/{image['id']}/similar", query_string=query), 422, "validation_error", about=field)
    assert_error(board.look_for(picture(), **query), 422, "validation_error", about=field)


def test_a_file_that_is_no_picture_or_too_large_is_refused_as_by_an_upload(another: Callable[..., Flask]) -> None:
    board = Board(another(MAX_UPLOAD_BYTES=1000, MAX_PIXELS=100).test_client())
    assert_error(board.look_for(b"no picture"), 422, "invalid_mime_type")
    assert_error(board.look_for(bytes(1001)), 422, "file_too_large")
    assert_error(board.look_for(picture("png", 11, 10)), 422, "file_too_large")
    assert_error(board.client.post(f"{API}/images/similar", json={}), 415, "unsupported_media_type")
    assert_error(board.client.get(f"{API}/images/similar"), 405, "method_not_allowed")


def test_a_picture_that_cannot_be_decoded_is_refused(app: Flask, board: Board) -> None:
    whole = picture("gif", 640, 480)
    header = whole[:100] + b"\xff" * (len(whole) - 100)
    assert_error(board.look_for(header), 422, "undecodable_image")
    assert board.similar(board.added(data=header)) == []
    assert check(app) == (0, [])


def test_a_heavy_picture_is_found_by_its_thumbnail(app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    light = board.added(data=drawing(0).pngsave_buffer())
    monkeypatch.setattr(fingerprint, "LIGHT_SECONDS", HEAVY)
    heavy = board.added(data=drawing(0, 1280, 960).pngsave_buffer(compression=1))
    assert kinds(check(app)[1]) == [("missing fingerprints", "images", False)]
    assert board.similar(light) == []
    assert ids(board.similar(heavy)) == [light["id"]]  # which looks at its thumbnail, of 640 pixels
    assert ids(board.similar(light)) == [heavy["id"]]
    assert ids(found(board.look_for(drawing(0).pngsave_buffer(compression=2)))) == ids([heavy, light])
    assert check(app) == (0, [])


def test_the_thumbnail_of_a_heavy_picture_gives_it_a_fingerprint(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "LIGHT_SECONDS", HEAVY)
    image = board.added(data=drawing(0, 1280, 960).pngsave_buffer())
    assert board.get(f"/images/{image['id']}/thumbnail").status_code == 200
    assert check(app) == (0, [])


def test_missing_fingerprints_are_counted_and_made_by_repair(
    app: Flask, board: Board, engine: Engine, objects: Objects, drawn: list[dict[str, Any]]
) -> None:
    plain = board.added()
    board.get(f"/images/{drawn[0]['id']}/thumbnail")
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM fingerprints"))
    status, (finding,) = check(app)
    assert (status, finding["detail"][:7], finding["repaired"]) == (1, "5 have ", False)
    assert kinds(check(app, "--repair")[1]) == [("missing fingerprints", "images", True)]
    assert check(app) == (0, [])
    assert ids(found(board.look_for(drawing(2).pngsave_buffer()))) == ids([drawn[2]])
    assert board.similar(plain) == []


def test_a_repair_makes_those_of_new_images_which_are_not_reported(
    app: Flask, board: Board, engine: Engine, drawn: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM fingerprints"))
    monkeypatch.setattr(consistency, "LATE_SECONDS", PATIENCE)
    assert check(app, "--repair") == (0, [])
    monkeypatch.setattr(consistency, "LATE_SECONDS", -1)
    assert check(app) == (0, [])


def test_check_reports_a_fingerprint_that_cannot_be_computed(
    app: Flask, board: Board, engine: Engine, objects: Objects, drawn: list[dict[str, Any]]
) -> None:
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM fingerprints"))
    objects.delete(drawn[0]["hash"])
    findings = check(app, "--repair")[1]
    assert kinds(findings)[1:] == [("missing fingerprints", "images", False)]
    assert "1 of them could not be computed" in findings[1]["detail"]


def test_an_upload_does_not_fail_with_the_decoder_of_its_fingerprint(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = decoder.Decoder.run

    def die(self: Any, job: str, *args: Any, **options: Any) -> Any:
        if job == "fingerprint":
            raise decoder.DecoderDied
        return run(self, job, *args, **options)

    monkeypatch.setattr(decoder.Decoder, "run", die)
    board.added(data=drawing(0).pngsave_buffer())
    assert kinds(check(app)[1]) == [("missing fingerprints", "images", False)]


def test_an_upload_does_not_wait_for_its_fingerprint(app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "MAX_LATE", 1)
    answered = Event()
    run = decoder.Decoder.run

    def run_late(self: Any, job: str, *args: Any, **options: Any) -> Any:
        if job == "fingerprint":
            assert answered.wait(PATIENCE)
        return run(self, job, *args, **options)

    monkeypatch.setattr(decoder.Decoder, "run", run_late)
    image = board.added(data=drawing(0).pngsave_buffer())
    assert kinds(check(app)[1]) == [("missing fingerprints", "images", False)]
    answered.set()
    assert eventually(lambda: check(app) == (0, []))
    assert ids(found(board.look_for(drawing(0).pngsave_buffer()))) == [image["id"]]


def test_too_many_late_fingerprints_are_waited_for(app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "MAX_LATE", 0)
    for number in range(3):
        board.added(data=drawing(number).pngsave_buffer())
        assert check(app) == (0, [])


# Against brute force.


@pytest.fixture
def clustered(app: Flask, engine: Engine) -> list[int]:
    """The fingerprints of 400 records: one, others around it at all distances, and chance ones."""
    chance = random.Random(18)
    centre = chance.getrandbits(64)
    bits = [centre]
    for distance in range(1, 13):
        bits += [centre ^ sum(1 << bit for bit in chance.sample(range(64), distance)) for _ in range(20)]
        # Spread over the bands as evenly as possible.
        bits.append(
            centre
            ^ sum(1 << (BANDS[number % 5][0] + chance.randrange(4) * 3 + number // 5) for number in range(distance))
        )
    bits += [chance.getrandbits(64) for _ in range(400 - len(bits))]
    with transactional(engine).begin() as connection:
        for number, one in enumerate(bits):
            media = Media(f"{number:064x}", 1, "image/png", 1, 1, 1)
            signed = one - (one >> 63 << 64)
            queries.images.add_image(connection, media, "a.png", [], Fingerprint(signed))
    return bits


def test_every_search_finds_what_brute_force_finds(engine: Engine, clustered: list[int]) -> None:
    brute_force = text(
        "SELECT hash, bit_count((bits # :bits)::bit(64)) AS distance FROM fingerprints JOIN images USING (position)"
        " WHERE bit_count((bits # :bits)::bit(64)) <= :distance ORDER BY distance, position DESC"
    )
    with engine.connect() as connection:
        for distance in range(10):
            for bits in (*clustered[:40:2], clustered[-1], 0, -1):
                signed = bits - (bits >> 63 << 64) if bits > 0 else bits
                look = Fingerprint(signed)
                rows = queries.fingerprints.find_similar(connection, look, distance, limit=1000)
                expected = connection.execute(brute_force, {"bits": signed, "distance": distance}).all()
                assert [(row["hash"], row["distance"]) for row in rows] == [(h.hex(), d) for h, d in expected]
            centre = Fingerprint(clustered[0] - (clustered[0] >> 63 << 64))
            assert len(queries.fingerprints.find_similar(connection, centre, distance, limit=1000)) >= 21 * distance + 1
