"""Hostile pictures: they are refused, and never cost the server more than a moment."""

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest

from reaction_board.errors import ServiceUnavailable
from reaction_board.media import decoder, thumbnail
from reaction_board.media.decoder import Bounds, Decoder, DecoderDied
from reaction_board.media.received_file import append
from reaction_board_decoder import structure
from reaction_board_decoder.errors import TooLarge
from tests import hostile_pictures as hostile
from tests import odd_pictures as odd
from tests.board import Board, Objects, assert_error
from tests.pictures import IMAGES, animation, picture
from tests.servers import eventually

pytestmark = pytest.mark.slow

PATIENT = Bounds(memory_bytes=48_000_000, cpu_seconds=20, wall_seconds=60)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: hostile.wide_png(65_536, 1), "wider"),
        (lambda: hostile.png_with_texts(20, 1_000_000), "text"),
        (lambda: hostile.png_with_damaged_texts(20), "text"),
        (lambda: hostile.png_of_chunks(100_000), "chunks"),
        (lambda: hostile.jpeg_of_segments(picture("jpg"), 10_001), "segments"),
        (lambda: hostile.webp_of_frames(3_001, nested=True), "frames"),
        (lambda: hostile.jpeg_of_scans(61, 80, before_each=b"\xff\x01\xff\xff"), "scans"),
        (lambda: hostile.jpeg_with_exif(picture("jpg"), hostile.exif_that_leads_back()), "EXIF"),
        (lambda: hostile.png_with_exif(hostile.exif_that_leads_back()), "EXIF"),
        (lambda: hostile.webp_of_frames(2, exif=hostile.exif_that_leads_back()), "EXIF"),
        (lambda: odd.jpeg(*[odd.app1(odd.exif())] * 51), "EXIF"),
        (lambda: odd.png(*[(b"eXIf", odd.exif())] * 51), "EXIF"),
        (lambda: odd.webp(*[(b"EXIF", odd.exif())] * 51), "EXIF"),
        (lambda: odd.gif(20_000, 20_000, odd.gif_image(0, 0, 4, 4, 0)), "pixels"),
        (lambda: hostile.webp_of_frames(3_001), "frames"),
        (lambda: hostile.gif_of_frames(10_001), "frames"),
        (lambda: hostile.gif_of_blocks(2_000_001), "blocks"),
        (lambda: hostile.jpeg_of_scans(61, 80), "scans"),
        (lambda: hostile.gif_that_says(15_000, 15_000), "pixels"),
    ],
    ids=[
        "side",
        "texts",
        "damaged texts",
        "chunks",
        "segments",
        "nested WebP frames",
        "hidden scans",
        "EXIF of a JPEG",
        "EXIF of a PNG",
        "EXIF of a WebP",
        "much EXIF of a JPEG",
        "much EXIF of a PNG",
        "much EXIF of a WebP",
        "canvas of a GIF",
        "WebP frames",
        "GIF frames",
        "GIF blocks",
        "scans",
        "pixels",
    ],
)
def test_a_picture_beyond_the_limits_is_refused_at_upload(
    board: Board, objects: Objects, make: Callable[[], bytes], reason: str
) -> None:
    assert_error(board.upload(data=make(), declared="", filename="x"), 422, "file_too_large", about=reason)
    assert (board.search()["total"], objects.keys()) == (0, set())


@pytest.mark.parametrize(
    "make",
    [
        lambda: hostile.wide_png(65_535, 1),
        lambda: hostile.png_with_texts(15, 1_000_000),
        lambda: hostile.webp_of_frames(200),
        lambda: hostile.gif_of_frames(10_000),
        lambda: hostile.jpeg_of_scans(60, 80),
        lambda: picture("jpg", 3000, 2000, Q=100, interlace=True),
    ],
    ids=["side", "texts", "WebP frames", "GIF frames", "scans", "an honest progressive one"],
)
def test_a_picture_within_the_limits_is_accepted_and_has_a_thumbnail(board: Board, make: Callable[[], bytes]) -> None:
    image = board.added(data=make(), declared="")
    assert board.get(f"/images/{image['id']}/thumbnail").status_code == 200


@pytest.mark.parametrize(
    ("kind", "width", "options"),
    [
        ("webp", 4900, {"effort": 0}),
        ("gif", 4900, {"effort": 1}),
        ("jpg", 4900, {"interlace": True, "subsample_mode": "off"}),
        ("png", 4900, {"interlace": True}),
        ("png", 8000, {}),
    ],
)
def test_a_large_honest_picture_has_a_thumbnail_in_a_new_decoder(
    board: Board, kind: str, width: int, options: dict[str, Any]
) -> None:
    for child in (decoder.uploads, decoder.light, decoder.heavy):
        child.stop()
    image = board.added(data=picture(kind, width, 4900, **options), declared="")
    assert board.get(f"/images/{image['id']}/thumbnail").status_code == 200


def frames_of(path: Path) -> int:
    with path.open("rb") as file, structure.opened(file) as (kind, data):
        return kind.check(data)


def test_the_frames_of_each_format_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    for data, expected in (
        (animation("gif", frames=7), 7),
        (animation("webp", frames=7), 7),
        (picture("png"), 1),
        (picture("jpg"), 1),
        (picture("gif"), 1),
        (picture("webp"), 1),
        ((IMAGES / "nod.gif").read_bytes(), 12),
        (b"GIF89a", 1),
    ):
        path.write_bytes(data)
        assert frames_of(path) == expected


@pytest.mark.parametrize("kind", ["jpg", "png", "gif", "webp"])
def test_a_truncated_file_is_not_a_server_error(board: Board, kind: str) -> None:
    whole = animation(kind) if kind in ("gif", "webp") else picture(kind, interlace=True)
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        response = board.upload(data=whole[:end] + b"\0", declared="")
        assert response.status_code in (200, 201, 422), response.text
        if response.status_code == 201:
            shown = board.get(f"/images/{response.get_json()['id']}/thumbnail")
            assert shown.status_code in (200, 422), shown.text


def test_scans_of_previews_are_not_counted(tmp_path: Path) -> None:
    preview = b"\xff\xda\0\x02" * 100
    data = picture("jpg")
    path = tmp_path / "picture.jpg"
    path.write_bytes(data[:2] + b"\xff\xe1" + (2 + len(preview)).to_bytes(2) + preview + data[2:])
    assert frames_of(path) == 1
    path.write_bytes(hostile.jpeg_of_scans(61, 8))
    with pytest.raises(TooLarge, match="scans"):
        frames_of(path)


def test_a_picture_that_takes_too_much_memory_is_remembered_after_the_first_attempt(
    board: Board, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for child in (decoder.light, decoder.heavy):
        child.stop()  # memory that an earlier job has left behind would not count
    for name in ("LIGHT", "HEAVY", "LARGE"):
        monkeypatch.setattr(thumbnail, name, Bounds(memory_bytes=4_000_000, cpu_seconds=20, wall_seconds=60))
    image = board.added(data=hostile.wide_png(60_000, 100))
    assert_error(board.get(f"/images/{image['id']}/thumbnail"), 422, "undecodable_image")
    monkeypatch.undo()
    monkeypatch.setattr(decoder.light, "run", None)
    assert_error(board.get(f"/images/{image['id']}/thumbnail"), 422, "undecodable_image")
    assert board.file(image).status_code == 200


def test_a_refused_thumbnail_is_one_warning_without_a_traceback(
    board: Board, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("reaction_board"), "propagate", True)
    whole = picture("gif", 640, 480)
    image = board.added(data=whole[:100] + b"\xff" * (len(whole) - 100), declared="image/gif")
    assert_error(board.get(f"/images/{image['id']}/thumbnail"), 422, "undecodable_image")
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len({warning.getMessage() for warning in warnings}) == 1
    assert image["id"] in warnings[0].getMessage()
    assert warnings[0].exc_info is None


@pytest.fixture
def child() -> Iterator[Decoder]:
    child = Decoder()
    yield child
    child.stop()


def identify(child: Decoder, bounds: Bounds = PATIENT) -> dict[str, Any]:
    with open_file(picture()) as file:
        return child.run("identify", file, bounds, wait_seconds=60, max_pixels=10**9)[0]


def open_file(data: bytes) -> Any:
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by the caller
    file.write(data)
    return file


def process_of(child: Decoder) -> psutil.Process:
    assert child._child
    return psutil.Process(child._child._process.pid)


def test_a_job_that_takes_too_long_is_killed_and_the_next_one_is_done(child: Decoder) -> None:
    slow = hostile.webp_of_frames(60_000)
    bounds = Bounds(memory_bytes=100_000_000, cpu_seconds=20, wall_seconds=1)
    with open_file(slow) as file, pytest.raises(ServiceUnavailable):
        child.run("thumbnail", file, bounds, wait_seconds=9, side=320, max_bytes=10**9, max_seconds=99)
    assert identify(child)["mime_type"] == "image/png"


def test_a_machine_that_is_too_busy_says_nothing_about_the_picture(child: Decoder) -> None:
    identify(child)
    stuck = process_of(child)
    stuck.suspend()
    with pytest.raises(ServiceUnavailable):
        identify(child, Bounds(memory_bytes=48_000_000, cpu_seconds=20, wall_seconds=1))
    assert not stuck.is_running()
    assert identify(child)["mime_type"] == "image/png"


def test_a_job_that_takes_too_much_cpu_time_is_ended_by_the_kernel(child: Decoder) -> None:
    slow = hostile.webp_of_frames(60_000)
    with open_file(slow) as file, pytest.raises(DecoderDied, match=f"exit status -{signal.SIGPROF.value}"):
        child.run(
            "thumbnail", file, Bounds(100_000_000, 1, 60), wait_seconds=9, side=320, max_bytes=10**9, max_seconds=99
        )


def test_a_decoder_that_is_killed_from_outside_says_nothing_about_the_picture(child: Decoder) -> None:
    identify(child)
    process = process_of(child)
    process.suspend()
    killer = threading.Timer(0.2, process.kill)
    killer.start()
    with pytest.raises(ServiceUnavailable):
        identify(child)
    killer.join()
    assert identify(child)["mime_type"] == "image/png"


def test_a_decoder_that_died_idle_is_replaced(child: Decoder) -> None:
    identify(child)
    process = process_of(child)
    process.kill()
    process.wait()
    assert identify(child)["mime_type"] == "image/png"


def test_a_decoder_is_replaced_after_many_jobs(child: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "MAX_JOBS", 3)
    pids = []
    for _ in range(7):
        identify(child)
        pids.append(process_of(child).pid)
    assert len(set(pids)) == 3
    assert not psutil.pid_exists(pids[0])


def test_a_decoder_knows_no_secrets_and_has_no_files_of_the_server(
    child: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    identify(child)
    process = process_of(child)
    assert set(process.environ()) <= {*decoder.ENVIRONMENT, "VIPS_CONCURRENCY", "LC_CTYPE"}
    assert process.net_connections("inet") == []
    assert [opened.path for opened in process.open_files()] == []


def test_a_decoder_ends_with_its_server(tmp_path: Path) -> None:
    script = """if True:
        import os, sys, tempfile
        from reaction_board.media.decoder import Bounds, Decoder
        child = Decoder()
        with tempfile.TemporaryFile() as file:
            try:
                child.run("identify", file, Bounds(48_000_000, 5, 60), wait_seconds=9, max_pixels=1)
            except Exception:
                pass
        print(child._child._process.pid, flush=True)
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    process = int(done.stdout)
    assert eventually(lambda: not psutil.pid_exists(process))


def test_very_large_pictures_are_decoded_one_at_a_time_on_a_machine() -> None:
    script = """if True:
        from reaction_board.media.decoder import alone_on_this_machine
        with alone_on_this_machine(60):
            print("alone", flush=True)
            input()
    """
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "alone\n"
        with pytest.raises(ServiceUnavailable), decoder.alone_on_this_machine(0):
            pass
        other.communicate("\n")
    with decoder.alone_on_this_machine(0):
        pass


@pytest.mark.parametrize("answer", [b"", b"x" * 8, b"\0\0\0\2\0\0\0\0[]", b"\0\0\0\2\0\0\0\0{}", b"\xff" * 8])
def test_a_decoder_that_answers_nonsense_is_replaced(child: Decoder, answer: bytes) -> None:
    identify(child)
    assert child._child
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        child._child._socket, kept = ours, child._child._socket
        with pytest.raises((DecoderDied, ServiceUnavailable)):
            identify(child)
        kept.close()
    assert identify(child)["mime_type"] == "image/png"


def test_a_chunk_that_is_written_in_part_is_written_on(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    class Narrow(BytesIO):
        def write(self, data: Any) -> int:
            return super().write(bytes(data)[:100])

    file = Narrow()
    append(file, bytes(range(250)) * 2)
    assert file.getvalue() == bytes(range(250)) * 2


def test_a_full_disk_is_unavailable_not_a_fault(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(28, os.strerror(28))

    monkeypatch.setattr("reaction_board.media.received_file.temporary_file", Full)
    response = board.upload()
    assert_error(response, 503, "service_unavailable")
    assert response.headers["Retry-After"]
