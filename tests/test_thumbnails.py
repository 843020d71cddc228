"""GET /images/{id}/thumbnail."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pyvips
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from reaction_board.media import thumbnail
from reaction_board.service import thumbnails
from reaction_board_decoder import thumbnail as decoding
from reaction_board_decoder.cost import FIXED_BYTES
from reaction_board_decoder.errors import Heavy
from tests.board import API, Board, Objects, assert_error
from tests.check import check
from tests.concurrency import Counted, together
from tests.odd_pictures import BLACK, COLOURS, animated_png, moving_gif, quadrants
from tests.pictures import IMAGES, MIME_TYPES, animation, picture, turned_jpeg
from tests.servers import PATIENCE, eventually

Image = dict[str, Any]


def get_thumbnail(board: Board, image: Image, **headers: str) -> TestResponse:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return board.get(f"/images/{image['id']}/thumbnail", headers=fields)


def shown(board: Board, data: bytes, declared: str = "image/png") -> pyvips.Image:
    """Upload a picture and return its thumbnail, decoded: all frames, one below the other."""
    response = get_thumbnail(board, board.added(data=data, declared=declared))
    assert (response.status_code, response.mimetype) == (200, "image/webp")
    return pyvips.Image.new_from_buffer(response.data, "n=-1")


def colour(image: pyvips.Image, x: int, y: int) -> list[int]:
    return [round(value) for value in image.getpoint(x, y)]


def near(found: list[int], expected: list[int], tolerance: int = 12) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, expected, strict=True))


def plain(width: int, height: int, rgb: list[int], kind: str = "png", **options: Any) -> bytes:
    image = (pyvips.Image.black(width, height, bands=len(rgb)) + rgb).cast("uchar")
    data: bytes = image.copy(interpretation="srgb").write_to_buffer(f".{kind}", **options)
    return data


@pytest.mark.parametrize(
    ("accepted", "mime_type"),
    [
        ("image/webp", "image/webp"),
        ("image/avif,image/webp,image/apng,*/*;q=0.8", "image/webp"),
        ("image/jpeg,image/webp;q=0.1", "image/webp"),
        ("*/*", "image/jpeg"),
        ("image/*", "image/jpeg"),
        ("image/jpeg,image/gif;q=0.5", "image/jpeg"),
        ("*/*,image/webp;q=0", "image/jpeg"),
        ("", "image/jpeg"),
    ],
)
def test_a_preview_is_a_jpeg_unless_the_client_names_webp(board: Board, accepted: str, mime_type: str) -> None:
    image = board.added(data=animation("gif", width=640, height=400), declared="image/gif")
    path = f"/images/{image['id']}/preview"
    response = board.get(path, headers={"Accept": accepted})
    assert (response.status_code, response.mimetype, response.headers["Vary"]) == (200, mime_type, "Accept")
    decoded = pyvips.Image.new_from_buffer(response.data, "")
    assert (decoded.width, decoded.height) == (320, 200)
    if mime_type == "image/webp":
        assert response.data == get_thumbnail(board, image).data
    known = {"Accept": accepted, "If-None-Match": response.headers["ETag"]}
    assert board.get(path, headers=known).status_code == 304
    assert board.get(path, headers={"Accept": accepted, "Range": "bytes=-9"}).data == response.data[-9:]


def test_a_preview_shows_transparency_on_white(board: Board) -> None:
    image = board.added(data=plain(40, 30, [200, 0, 0, 0]))
    decoded = pyvips.Image.new_from_buffer(board.get(f"/images/{image['id']}/preview").data, "")
    assert near(colour(decoded, 20, 15), [255, 255, 255])


@pytest.mark.parametrize("kind", MIME_TYPES)
@pytest.mark.parametrize(
    ("size", "expected"),
    [((1280, 960), (640, 480)), ((600, 1800), (213, 640)), ((40, 30), (40, 30)), ((641, 1), (640, 1))],
)
def test_it_is_small_and_never_larger_than_the_image(
    board: Board, kind: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    small = shown(board, picture(kind, *size), MIME_TYPES[kind])
    assert (small.width, small.height) == expected


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_is_upright(board: Board, orientation: int) -> None:
    small = shown(board, turned_jpeg(1280, 640, orientation), "image/jpeg")
    assert (small.width, small.height) == ((640, 320) if orientation < 5 else (320, 640))


def test_transparency_is_kept(board: Board) -> None:
    small = shown(board, plain(400, 400, [200, 10, 10, 0]))
    assert small.bands == 4
    assert colour(small, 100, 100)[3] == 0


def test_colours_of_print_become_those_of_a_screen(board: Board) -> None:
    cyan = (pyvips.Image.black(64, 64, bands=4) + [255, 0, 0, 0]).cast("uchar").copy(interpretation="cmyk")
    small = shown(board, cyan.jpegsave_buffer(Q=95), "image/jpeg")
    red, green, blue = colour(small, 30, 30)
    assert red < 90
    assert green > 120
    assert blue > 180


def test_a_colour_profile_is_applied(board: Board) -> None:
    # The same numbers mean a stronger green in the wider space of this profile.
    wide = pyvips.Image.new_from_buffer(plain(64, 64, [60, 200, 60]), "").icc_transform("p3", input_profile="srgb")
    back = shown(board, wide.pngsave_buffer())
    assert near(colour(back, 30, 30)[:3], [60, 200, 60])
    assert not near(colour(wide, 30, 30)[:3], [60, 200, 60])
    assert "icc-profile-data" not in back.get_fields()


def test_other_kinds_of_pixels_are_shown(board: Board) -> None:
    deep = (pyvips.Image.black(64, 64, bands=3) + [60 * 257, 200 * 257, 60 * 257]).cast("ushort")
    grey = (pyvips.Image.black(64, 64) + 99).cast("uchar")
    small = shown(board, deep.copy(interpretation="rgb16").pngsave_buffer())
    assert near(colour(small, 30, 30)[:3], [60, 200, 60])
    assert near(colour(shown(board, grey.copy(interpretation="b-w").pngsave_buffer()), 30, 30)[:3], [99, 99, 99])


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_stays_one(board: Board, kind: str) -> None:
    small = shown(board, animation(kind, frames=5, width=640, height=320), MIME_TYPES[kind])
    assert (small.width, small.get("page-height"), small.get("n-pages")) == (320, 160, 5)
    assert small.get("delay") == [100] * 5


@pytest.mark.parametrize("bound", ["MAX_FRAMES", "MAX_FRAMES_PIXELS", "MAX_BYTES"])
def test_an_animation_beyond_the_bounds_is_shown_by_its_first_frame(
    bound: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(decoding, bound, 4)
    path = tmp_path / "moving.gif"
    path.write_bytes(animation("gif", frames=5, width=64, height=32))
    with path.open("rb") as file:
        _, data = decoding.thumbnail(file, side=320, max_bytes=10**9, max_seconds=10)
    small = pyvips.Image.new_from_buffer(data, "")
    assert (small.width, small.height) == (64, 32)
    assert small.get_typeof("n-pages") == 0


@pytest.mark.parametrize("disposal", [1, 2])
def test_an_animation_with_gaps_keeps_its_frames_and_delays(board: Board, disposal: int) -> None:
    small = shown(board, moving_gif(disposal, starts_whole=False, delays=[70, 90, 200]), "image/gif")
    assert (small.get("n-pages"), small.get("delay"), small.get("loop")) == (3, [70, 90, 200], 1)


def test_an_animation_with_gaps_beyond_the_bounds_is_shown_by_its_first_frame(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(decoding, "MAX_FRAMES", 2)
    path = tmp_path / "moving.gif"
    path.write_bytes(moving_gif(2, starts_whole=False))
    with path.open("rb") as file:
        _, data = decoding.thumbnail(file, side=320, max_bytes=10**9, max_seconds=10)
    small = pyvips.Image.new_from_buffer(data, "")
    assert small.get_typeof("n-pages") == 0
    assert near(colour(small, 80, 20), [*COLOURS[0], 255])
    assert colour(small, 300, 75)[3] == 0


def test_an_animated_png_is_still(board: Board) -> None:
    small = shown(board, animated_png(image=quadrants(sigma=0)))
    assert small.get_typeof("n-pages") == 0
    assert near(colour(small, 60, 20), list(COLOURS[0]))


def test_a_hidden_frame_on_a_canvas_too_large_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(animated_png(image=quadrants(width=8, height=8), canvas=quadrants(BLACK, 2000, 2000, sigma=0)))
    with path.open("rb") as file, pytest.raises(Heavy):
        decoding.thumbnail(file, side=320, max_bytes=FIXED_BYTES + 1700 * 2000, max_seconds=10)


def test_what_is_damaged_is_shown_as_far_as_it_can_be(board: Board) -> None:
    whole = plain(640, 480, [200, 10, 10], "jpg", Q=95)
    assert shown(board, whole[: len(whole) // 2], "image/jpeg").width == 640


@pytest.fixture
def undecodable(board: Board) -> Image:
    """An image of which only the header can be read."""
    whole = picture("gif", 640, 480)
    return board.added(data=whole[:100] + b"\xff" * (len(whole) - 100), declared="image/gif")


def test_a_picture_that_cannot_be_decoded_is_remembered_as_such(
    app: Flask, board: Board, undecodable: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_error(get_thumbnail(board, undecodable), 422, "undecodable_image")
    monkeypatch.setattr(thumbnail, "render", None)
    assert_error(get_thumbnail(board, undecodable), 422, "undecodable_image")
    assert board.file(undecodable).status_code == 200
    assert check(app) == (0, [])
    assert board.delete(undecodable["id"]).status_code == 204


@pytest.mark.parametrize(
    ("kind", "options"), [("gif", {}), ("webp", {}), ("png", {"interlace": True}), ("jpg", {"interlace": True})]
)
def test_a_small_file_of_many_pixels_is_not_decoded(
    board: Board, kind: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIGHT_MEMORY", "MAX_MEMORY"):
        monkeypatch.setattr(thumbnail, name, FIXED_BYTES + 500 * 500 * 3 - 1)
    large, small = plain(500, 500, [9, 9, 9], kind, **options), plain(300, 400, [9, 9, 9], kind, **options)
    assert_error(get_thumbnail(board, board.added(data=large, declared=MIME_TYPES[kind])), 422, "undecodable_image")
    monkeypatch.undo()
    assert shown(board, small, MIME_TYPES[kind]).height == 400


@pytest.mark.both_stores
def test_it_is_made_once_and_kept_in_the_bucket(
    board: Board, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = board.added()
    first = get_thumbnail(board, image)
    assert objects.keys() == {image["hash"], f"thumbnails/{image['hash']}"}
    monkeypatch.setattr(thumbnail, "render", None)
    assert get_thumbnail(board, image).data == first.data


@pytest.mark.both_stores
def test_it_is_deleted_with_its_image(board: Board, objects: Objects) -> None:
    image, other = board.added(), board.added()
    for each in (image, other):
        get_thumbnail(board, each)
    board.delete(image["id"])
    assert objects.keys() == {other["hash"], f"thumbnails/{other['hash']}"}
    assert_error(get_thumbnail(board, image), 404, "image_not_found")


@pytest.mark.both_stores
def test_its_headers_are_those_of_bytes_that_never_change(board: Board, client: FlaskClient) -> None:
    image = board.added(filename="cat.png")
    response = get_thumbnail(board, image)
    assert response.headers["ETag"] == f'"{hashlib.sha256(response.data).hexdigest()}"'
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Disposition"] == "inline; filename=cat.webp"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert int(response.headers["Content-Length"]) == len(response.data)
    head = client.head(f"{API}/images/{image['id']}/thumbnail")
    assert {**head.headers, "X-Request-ID": ""} == {**response.headers, "X-Request-ID": ""}
    assert get_thumbnail(board, image, If_None_Match=response.headers["ETag"]).status_code == 304
    assert get_thumbnail(board, image, If_None_Match=f'"{image["hash"]}"').status_code == 200
    part = get_thumbnail(board, image, Range="bytes=0-9")
    assert (part.status_code, part.data) == (206, response.data[:10])


def test_a_head_makes_it_too(board: Board, client: FlaskClient, objects: Objects) -> None:
    image = board.added()
    assert client.head(f"{API}/images/{image['id']}/thumbnail").status_code == 200
    assert f"thumbnails/{image['hash']}" in objects.keys()  # noqa: SIM118 - it is no mapping


def test_what_the_record_shows_stays_the_same(board: Board) -> None:
    image = board.get(f"/images/{board.added()['id']}").get_json()
    etag = board.get(f"/images/{image['id']}").headers["ETag"]
    get_thumbnail(board, image)
    again = board.get(f"/images/{image['id']}")
    assert (again.get_json(), again.headers["ETag"]) == (image, etag)


def all_at_once(app: Flask, images: list[Image]) -> list[int]:
    """Request thumbnails at the same moment. Return the statuses."""
    clients = [Board(app.test_client()) for _ in images]
    asks = [partial(get_thumbnail, client, image) for client, image in zip(clients, images, strict=True)]
    return [response.status_code for response in together(*asks)]


def test_many_requests_for_the_same_thumbnail_wait_for_one_decoding(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = Counted(thumbnail.render)
    monkeypatch.setattr(thumbnail, "render", render)
    image = board.added(data=picture("png", 2000, 2000))
    assert all_at_once(app, [image] * 12) == [200] * 12
    assert render.calls == 1


def test_a_flood_of_different_ones_is_decoded_two_at_once(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = thumbnail.render

    def with_another(file: Any, side: int) -> bytes:
        assert eventually(lambda: render.most_at_once >= 2)
        return original(file, side)

    render = Counted(with_another)
    monkeypatch.setattr(thumbnail, "render", render)
    images = [board.added(data=picture("png", 900, 900)) for _ in range(12)]
    assert all_at_once(app, images) == [200] * 12
    assert render.most_at_once == thumbnails.MAX_AT_ONCE


def test_a_request_that_would_wait_too_long_is_refused_at_once(
    app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "MAX_WAITING", 2)
    monkeypatch.setitem(app.extensions, "thumbnails", thumbnails.ThumbnailMaker())
    hold = threading.Event()
    render = thumbnail.render
    monkeypatch.setattr(thumbnail, "render", lambda file, side: hold.wait(PATIENCE) and render(file, side))
    first, second, third = (board.added() for _ in range(3))
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(get_thumbnail, Board(app.test_client()), image) for image in (first, second)]
        assert eventually(lambda: len(app.extensions["thumbnails"]._results) == 2)
        response = get_thumbnail(board, third)
        assert_error(response, 503, "service_unavailable")
        assert response.headers["Retry-After"]
        hold.set()
        assert [future.result().status_code for future in waiting] == [200, 200]
    assert get_thumbnail(board, third).status_code == 200


@pytest.mark.both_stores
def test_a_failing_store_is_not_remembered(app: Flask, board: Board, objects: Objects) -> None:
    image = board.added()
    original = board.file(image).data
    objects.delete(image["hash"])
    assert_error(get_thumbnail(board, image), 500, "storage_error")
    objects.put(image["hash"], original)
    assert get_thumbnail(board, image).status_code == 200
    assert check(app) == (0, [])


@pytest.mark.both_stores
def test_a_lost_thumbnail_is_rendered_again(board: Board, objects: Objects) -> None:
    image = board.added()
    first = get_thumbnail(board, image)
    objects.delete(f"thumbnails/{image['hash']}")
    assert_error(get_thumbnail(board, image), 500, "storage_error")
    assert get_thumbnail(board, image).data == first.data


@pytest.mark.both_stores
def test_an_image_deleted_meanwhile_leaves_no_thumbnail(
    app: Flask, board: Board, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = board.added()
    render = thumbnail.render

    def deleting(file: Any, side: int) -> bytes:
        Board(app.test_client()).delete(image["id"])
        return render(file, side)

    monkeypatch.setattr(thumbnail, "render", deleting)
    assert_error(get_thumbnail(board, image), 404, "image_not_found")
    assert objects.keys() == set()


def test_another_process_may_be_faster(app: Flask, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    image = board.added(data=(IMAGES / "nod.gif").read_bytes(), declared="image/gif")
    render = thumbnail.render

    def slower(file: Any, side: int) -> bytes:
        monkeypatch.setattr(thumbnail, "render", render)
        monkeypatch.setitem(app.extensions, "thumbnails", thumbnails.ThumbnailMaker())  # as if in another process
        with app.app_context():
            thumbnails.find_thumbnail(UUID(image["id"]))
        return b"of another release, with other bytes"

    monkeypatch.setattr(thumbnail, "render", slower)
    response = get_thumbnail(board, image)
    assert response.data == get_thumbnail(board, image).data
    assert response.data.startswith(b"RIFF")


@pytest.mark.both_stores
class TestCheck:
    """`check` on thumbnails."""

    def test_it_knows_them(self, app: Flask, board: Board) -> None:
        get_thumbnail(board, board.added())
        assert check(app, "--deep") == (0, [])

    def test_one_without_its_image_is_found_and_deleted(self, app: Flask, objects: Objects) -> None:
        key = f"thumbnails/{'ab' * 32}"
        objects.put(key, b"left")
        finding = {"kind": "thumbnail without record", "subject": key, "detail": "no image has this thumbnail"}
        assert check(app) == (1, [{**finding, "repaired": False}])
        assert check(app, "--repair") == (1, [{**finding, "repaired": True}])
        assert (check(app), objects.keys()) == ((0, []), set())

    @pytest.mark.parametrize("fault", ["missing", "shorter"])
    def test_a_lost_or_damaged_thumbnail_is_found_and_made_again(
        self, app: Flask, board: Board, objects: Objects, engine: Engine, fault: str
    ) -> None:
        image = board.added()
        first = get_thumbnail(board, image)
        key = f"thumbnails/{image['hash']}"
        if fault == "missing":
            objects.delete(key)
        else:
            objects.put(key, b"short")
        code, findings = check(app, "--repair")
        assert (code, [(found["kind"], found["subject"]) for found in findings]) == (1, [("damaged thumbnail", key)])
        with engine.connect() as connection:
            assert connection.execute(text("SELECT thumbnail_bytes FROM images")).scalar_one() is None
        assert get_thumbnail(board, image).data == first.data
        assert check(app) == (0, [])
