"""`reaction-board export`: what it writes and where, completely or not at all."""

import gc
import json
import os
import signal
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from reaction_board_client import api
from reaction_board_client.api import Api
from reaction_board_client.archive import Export
from tests.board import Board, Objects
from tests.command_line import Answer, CommandLine, StandIn, served, stand_in
from tests.pictures import MIME_TYPES, animation, picture

ID = "01890000-0000-7000-8000-{:012}"


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    with served(app) as url:
        yield CommandLine(url)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def names(folder: Path) -> set[str]:
    """All files in a folder and below it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_an_export_has_every_image_with_its_record_and_the_aliases(
    cli: CommandLine, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MAX_PAGE", 2)
    pictures = {MIME_TYPES[kind]: picture(kind) for kind in MIME_TYPES}
    images = [
        board.added(data=data, declared=kind, tags="cat,laughing", filename="🐱\u2028.x")
        for kind, data in pictures.items()
    ]
    board.set_aliases("laughing", "lol", "haha")
    film = board.added(data=animation("gif"))
    assert cli.done("export", tmp_path / "new" / "folder") == "5 new, 0 already here, 0 failed\n"
    folder = tmp_path / "new" / "folder"
    listed = lines(folder / "images.jsonl")
    records = board.search(include="frames")["items"]
    assert [{name: value for name, value in image.items() if name != "file"} for image in listed] == records
    assert [image["frames"] for image in listed] == [4, 1, 1, 1, 1]
    for image in listed:
        assert sha256((folder / image["file"]).read_bytes()).hexdigest() == image["hash"]
    assert [Path(image["file"]).suffix for image in listed] == [".gif", ".webp", ".gif", ".png", ".jpg"]
    assert lines(folder / "tags.jsonl") == [board.tag("cat"), board.tag("laughing")]
    assert board.tag("laughing")["aliases"] == ["haha", "lol"]
    assert names(folder) == {"images.jsonl", "tags.jsonl"} | {image["file"] for image in listed}
    assert {image["hash"] for image in [*images, film]} == {image["hash"] for image in listed}


def test_an_export_of_a_search_has_what_it_finds_and_its_tags(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    cat = board.added(tags="cat,funny")
    board.added(tags="dog")
    assert [line["image"]["id"] for line in cli.lines("export", tmp_path, "--tags", "cat")] == [cat["id"]]
    assert [image["id"] for image in lines(tmp_path / "images.jsonl")] == [cat["id"]]
    assert [tag["name"] for tag in lines(tmp_path / "tags.jsonl")] == ["cat", "funny"]


def test_again_only_what_is_missing_or_damaged_is_fetched(
    cli: CommandLine, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        board.added(tags="cat")
    cli.done("export", tmp_path)
    first, second, _ = sorted((tmp_path / "files").iterdir())
    data = second.read_bytes()
    first.unlink()
    second.write_bytes(data[:-1] + b"x")
    added = board.added(tags="dog")
    fetched: list[str] = []
    bytes_of = Api.bytes_of

    def watched(self: Api, image: dict[str, Any]) -> Any:
        fetched.append(image["hash"])
        return bytes_of(self, image)

    monkeypatch.setattr(Api, "bytes_of", watched)
    assert cli.done("export", tmp_path) == "3 new, 1 already here, 0 failed\n"
    assert sorted(fetched) == sorted([first.stem, second.stem, added["hash"]])
    assert second.read_bytes() == data
    assert lines(tmp_path / "images.jsonl")[0]["hash"] == added["hash"]
    assert len(lines(tmp_path / "images.jsonl")) == 4


def test_failed_images_are_reported_and_left_out_of_the_lists(
    cli: CommandLine, board: Board, objects: Objects, tmp_path: Path
) -> None:
    good, damaged, lost = (board.added(tags="cat") for _ in range(3))
    objects.put(damaged["hash"], picture())
    objects.delete(lost["hash"])
    result = cli.run("export", tmp_path)
    assert (result.exit_code, "1 new, 0 already here, 2 failed" in result.stdout) == (1, True)
    assert [image["id"] for image in lines(tmp_path / "images.jsonl")] == [good["id"]]
    assert names(tmp_path) == {"images.jsonl", "tags.jsonl", f"files/{good['hash']}.png"}


def test_an_export_that_breaks_off_leaves_the_lists_of_the_one_before(
    app: Flask, cli: CommandLine, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.added(tags="cat")
    cli.done("export", tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    for _ in range(3):
        board.added(tags="dog")
    monkeypatch.setattr(api, "MAX_PAGE", 2)

    def breaking_off(environ: Any, start_response: Any) -> Any:
        if "cursor" in environ["QUERY_STRING"]:
            start_response("403 Forbidden", [("Content-Type", "text/html")])
            return [b"no"]
        return app(environ, start_response)

    with served(breaking_off) as url:
        assert CommandLine(url).run("export", tmp_path).exit_code == 1
    after = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 2
    assert all(name.startswith("files/") for name in after.keys() - before.keys())


def test_an_interrupted_export_writes_no_lists_and_can_be_continued(
    cli: CommandLine, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        board.added()
    bytes_of = Api.bytes_of

    def interrupted(self: Api, image: dict[str, Any]) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return bytes_of(self, image)

    with monkeypatch.context() as patched:
        patched.setattr(Api, "bytes_of", interrupted)
        result = cli.run("export", tmp_path, "--jobs", "1")
    assert (result.exit_code, "Interrupted" in result.stderr) == (130, True)
    assert all(name.startswith("files/") for name in names(tmp_path))
    imported = cli.run("import", tmp_path)
    assert (imported.exit_code, "Run the export again" in imported.stderr) == (1, True)
    already = len(names(tmp_path))
    assert cli.done("export", tmp_path) == f"{6 - already} new, {already} already here, 0 failed\n"
    assert len(lines(tmp_path / "images.jsonl")) == 6


@pytest.mark.parametrize("planted", ["files", "images.jsonl", ".images.jsonl.found", ".images.jsonl.part", "the bytes"])
def test_no_link_in_the_folder_leads_the_export_out_of_it(
    cli: CommandLine, board: Board, tmp_path: Path, planted: str
) -> None:
    data = picture()
    image = board.added(data=data, tags="cat")
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    (folder / "files").mkdir(parents=True)
    outside.mkdir()
    (outside / "file").write_bytes(data)
    if planted == "files":
        (folder / "files").rmdir()
        (folder / "files").symlink_to(outside)
    elif planted == "the bytes":
        (folder / "files" / f"{image['hash']}.png").symlink_to(outside / "file")
        (folder / "files" / f".{image['hash']}.png.part").symlink_to(outside / "file")
    else:
        (folder / planted).symlink_to(outside / "file")
    result = cli.run("export", folder)
    assert names(outside) == {"file"}
    assert (outside / "file").read_bytes() == data
    if planted == "files":
        assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
        assert str(folder / "files") in result.stderr
    else:
        assert (result.exit_code, result.stdout) == (0, "1 new, 0 already here, 0 failed\n")
        assert not any(path.is_symlink() for path in folder.rglob("*"))


def generated(total: int) -> Any:
    """Answer as a board of `total` images with the same bytes."""
    data = b"the bytes of an image"
    record = {"hash": sha256(data).hexdigest(), "mime_type": "image/png", "size_bytes": len(data), "width": 1}
    record |= {"height": 1, "tags": ["cat"], "filename": "x" * 200, "created_at": "2026-01-01T00:00:00.000Z"}

    def answer(request: StandIn) -> Answer:
        request.requests.clear()
        if request.path.endswith("/file"):
            return 200, {}, data
        if "/tags/" in request.path:
            return 200, {}, json.dumps({"name": "cat", "aliases": [], "image_count": total}).encode()
        start = int(request.path.partition("cursor=")[2] or 0)
        items = [{**record, "id": ID.format(number)} for number in range(start, start + 100)]
        link = {"Link": f'</api/v1/images?cursor={start + 100}>; rel="next"'} if start + 100 < total else {}
        return 200, link, json.dumps({"items": items, "total": total}).encode()

    return answer


@pytest.mark.slow
def test_the_memory_of_an_export_does_not_grow_with_the_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []  # bytes that the client has allocated, when all images are there
    write_lists = Export.write_lists
    of_the_client = tracemalloc.Filter(True, "*/reaction_board_client/*", all_frames=True)  # other tests left threads

    def measure(self: Export, threads: int) -> None:
        gc.collect()
        traces = tracemalloc.take_snapshot().filter_traces([of_the_client]).traces
        used.append(sum(trace.size for trace in traces))
        write_lists(self, threads)

    monkeypatch.setattr(Export, "write_lists", measure)
    for total in (100, 200, 1500):  # the first one imports what it needs
        with stand_in(generated(total)) as (url, _):
            tracemalloc.start()
            try:
                told = CommandLine(url).done("export", tmp_path / str(total), "--jobs", "1")
            finally:
                tracemalloc.stop()
        assert told == f"1 new, {total - 1} already here, 0 failed\n"
        assert len(lines(tmp_path / str(total) / "images.jsonl")) == total
    assert used[2] < used[1] + 300_000, used  # the records of 1,300 more are more than 1 MB


def test_what_a_board_says_leads_neither_out_of_the_folder_nor_to_other_addresses(tmp_path: Path) -> None:
    data = b"the bytes of an image"
    record = {"id": ID.format(1), "hash": sha256(data).hexdigest(), "mime_type": "../../x", "size_bytes": len(data)}
    record |= {"width": 1, "height": 1, "filename": "../../evil", "tags": ["../images", "cat", "a/b", "", "A"]}
    paths: list[str] = []

    def answer(request: StandIn) -> Answer:
        paths.append(request.path)
        if request.path.endswith("/file"):
            return 200, {}, data
        if "/tags/" in request.path:
            return 200, {}, b'{"name": "../cat", "aliases": [], "image_count": 1}'
        return 200, {}, json.dumps({"items": [record], "total": 1}).encode()

    with stand_in(answer) as (url, _):
        result = CommandLine(url).run("export", tmp_path / "folder")
    assert (result.exit_code, "No board answers at" in result.stderr) == (1, True)
    assert [path for path in paths if "/tags/" in path] == ["/api/v1/tags/cat"]
    assert names(tmp_path) == {"folder/images.jsonl", f"folder/files/{sha256(data).hexdigest()}"}


def test_an_unwritable_folder_is_reported_in_one_line(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "files").write_bytes(b"")
    result = cli.run("export", tmp_path)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert isinstance(result.exception, SystemExit)
    assert names(tmp_path) == {"files"}
