"""`reaction-board import`: folders of other programs with their tags, including hostile ones."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from hashlib import md5, sha1
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from reaction_board_client.tag_names import tag_of
from tests.board import Board
from tests.command_line import CommandLine, served
from tests.pictures import picture
from tests.test_import import error_without_a_board, filenames, put


@pytest.fixture
def cli(app: Flask) -> Iterator[CommandLine]:
    with served(app) as url:
        yield CommandLine(url)


def tags_of(board: Board) -> dict[str, list[str]]:
    return {image["filename"]: image["tags"] for image in board.search()["items"]}


def test_tags_are_read_from_a_text_beside_the_picture(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    texts = ("blue eyes, cat,\n", "blue eyes\r\ncat\n\n", "\ufeffcat,blue eyes", "cat\n blue  eyes ")
    for number, (text, extension) in enumerate(itertools.product(texts, (".jpg.txt", ".txt"))):
        put(tmp_path / "deep" / f"{number}.jpg")
        put(tmp_path / "deep" / f"{number}{extension}", text)
    put(tmp_path / "without.png")
    assert cli.done("import", tmp_path) == "9 new, 0 already there, 0 refused\n"
    expected = {f"{number}.jpg": ["blue-eyes", "cat"] for number in range(8)}
    assert tags_of(board) == {"without.png": []} | expected


def test_both_names_of_a_text_count(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    put(tmp_path / "a.jpg")
    put(tmp_path / "a.jpg.txt", "cat")
    put(tmp_path / "a.txt", "dog")
    cli.done("import", tmp_path)
    assert tags_of(board) == {"a.jpg": ["cat", "dog"]}


def test_tags_are_read_from_what_gallery_dl_writes_beside_the_picture(
    cli: CommandLine, board: Board, tmp_path: Path
) -> None:
    posts: list[dict[str, Any]] = [
        {"category": "danbooru", "tag_string": "artist_(name) cat", "tags": ["artist_(name)", "cat"]},
        {"category": "twitter", "tags": ["Artist name", "cat"]},
        {"category": "gelbooru", "tags": "artist-name cat"},
        {"tags": "Artist name, cat"},
        {"category": "pixiv", "tags": [{"name": "猫", "translated_name": "cat"}, {"name": "Artist name"}]},
    ]
    for number, (post, extension) in enumerate(itertools.product(posts, (".jpg.json", ".json"))):
        put(tmp_path / f"{number}.jpg")
        put(tmp_path / f"{number}{extension}", post)
    assert cli.done("import", tmp_path) == "10 new, 0 already there, 0 refused\n"
    assert tags_of(board) == {f"{number}.jpg": ["artist-name", "cat"] for number in range(10)}


def test_an_image_that_the_board_has_gets_tags_if_asked_for(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    board.added(data=put(tmp_path / "a.png").read_bytes(), tags="dog")
    put(tmp_path / "a.txt", "Blue Eyes")
    cli.done("import", tmp_path)
    assert board.search()["items"][0]["tags"] == ["dog"]
    result = cli.run("import", tmp_path, "--tag-duplicates")
    assert (result.exit_code, result.stdout) == (0, "0 new, 1 tagged, 0 already there, 0 refused\n")
    assert result.stderr == "Tags changed to fit this board: 1. Left out: 0. --json lists them.\n"
    assert board.search()["items"][0]["tags"] == ["blue-eyes", "dog"]


def test_skipped_files_are_reported(cli: CommandLine, tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "deep/b.png"):
        put(tmp_path / name)
    put(tmp_path / "a.txt", "cat")
    put(tmp_path / "deep" / "b.png.json", {})
    put(tmp_path / "posts.json", [])
    put(tmp_path / "info.json", {"title": "of a gallery"})
    for name in ("a.mp4", "deep/notes.txt"):
        put(tmp_path / name, "other")
    result = cli.run("import", tmp_path)
    assert (result.exit_code, result.stdout) == (0, "3 new, 0 already there, 0 refused\n")
    assert result.stderr.splitlines() == [
        "Skipped files that are not JPEG, PNG, GIF or WebP: 2",
        f"Skipped, not a list of posts: {tmp_path / 'info.json'}",
    ]


def test_a_picture_whose_name_leaves_no_room_for_another_extension_is_sent(cli: CommandLine, tmp_path: Path) -> None:
    put(tmp_path / f"{'x' * 248}.png")
    assert cli.done("import", tmp_path) == "1 new, 0 already there, 0 refused\n"


def szurubooru(folder: Path) -> None:
    """Two pages of the API's list of posts, and a folder of their files, of which one was renamed."""
    by_name, by_checksum = put(folder / "posts" / "2_0123456789abcdef.png"), put(folder / "renamed.png")
    posts = [
        {"id": 3, "contentUrl": "data/posts/3_0123456789abcdef.webm", "checksum": "0" * 40, "tags": []},
        {
            **{"id": 2, "contentUrl": f"data/posts/{by_name.name}?x=1", "checksum": "0" * 40},
            **{"creationTime": "2016-01-02T00:00:00Z", "tags": [{"names": ["cat", "kitty"], "usages": 1}]},
        },
        {
            **{"id": 1, "contentUrl": "data/posts/1_0123.png", "checksum": sha1(by_checksum.read_bytes()).hexdigest()},
            **{"creationTime": "2016-01-01T00:00:00.123456Z", "tags": [{"names": ["Blue:Eyes"]}, {"names": ["cat"]}]},
        },
    ]
    for page in range(2):
        put(folder / f"page{page}.json", {"query": "", "offset": 0, "total": 3, "results": posts[2 * page :][:2]})


def danbooru(folder: Path) -> None:
    """A list of posts, and their files under their MD5 and as gallery-dl names them."""
    data = [picture() for _ in range(2)]
    digests = [md5(content).hexdigest() for content in data]
    put(folder / f"{digests[0]}.png", data[0])
    put(folder / "danbooru" / f"danbooru_1_{digests[1]}.png", data[1])
    posts = [
        {"id": 3, "tag_string": "video", "file_ext": "mp4", "created_at": "2016-01-03T00:00:00.000-05:00"},
        {
            **{"id": 2, "md5": digests[0], "file_ext": "png", "tag_string": "cat"},
            **{"created_at": "2016-01-01T23:00:00.000-05:00", "file_url": f"https://example.org/{digests[0]}.png"},
        },
        {
            **{"id": 1, "md5": digests[1], "file_ext": "png", "tag_string": "blue-eyes cat :3"},
            **{"created_at": "2016-01-01T00:00:00.000-05:00"},
        },
    ]
    put(folder / "posts.json", posts)


def danbooru_dump(folder: Path) -> None:
    danbooru(folder)
    posts = json.loads((folder / "posts.json").read_text())
    put(folder / "posts.json", "\n".join(map(json.dumps, posts)))


@pytest.mark.parametrize("layout", [szurubooru, danbooru, danbooru_dump])
def test_tags_and_order_are_read_from_lists_of_posts(
    cli: CommandLine, board: Board, tmp_path: Path, layout: Callable[[Path], None]
) -> None:
    layout(tmp_path)
    result = cli.run("import", tmp_path, "--jobs", "1")
    assert (result.exit_code, result.stdout) == (0, "2 new, 0 already there, 0 refused\n")
    assert "Skipped posts whose pictures are not in the folder: 1\n" in result.stderr
    tags = [image["tags"] for image in board.search()["items"]]
    assert tags[0] == ["cat"]
    assert tags[1][-2:] == ["blue-eyes", "cat"]


def test_pictures_without_a_post_are_sent_by_the_time_of_their_files(
    cli: CommandLine, board: Board, tmp_path: Path
) -> None:
    for name, time in {"b.png": 3, "a.png": 1, "c.png": 2}.items():
        os.utime(put(tmp_path / name), (time, time))
    cli.done("import", tmp_path, "--jobs", "1")
    assert filenames(board) == ["b.png", "c.png", "a.png"]


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("cat", "cat"), ("blue_eyes", "blue_eyes"), ("a-b_c--d", "a-b_c--d"), ("_", "_"), ("-x-", "-x-"),
        ("Cat", "cat"), ("blue eyes", "blue-eyes"), ("artist_(name)", "artist-name"),
        (r"artist \(name\)", "artist-name"),
        ("creator:Jane Doe", "creator-jane-doe"), ("fate/stay_night", "fate-stay_night"), (":3", "3"), ("c++", "c"),
        ("café", "cafe"), ("Größe", "grosse"), ("ＡＢＣ", "abc"), ("猫 cat", "cat"), ("cat\x1b[2J", "cat-2j"),
        (":)", ""), (">_<", ""), ("猫", ""), ("x" * 64, "x" * 64), ("x" * 65, ""), ("(" + "x" * 64 + ")", "x" * 64),
        ("-" * 100_000, ""), ("é" * 100_000, ""),
    ],
)  # fmt: skip
def test_a_name_becomes_a_tag_or_none(name: str, tag: str) -> None:
    assert tag_of(name) == tag


def test_changed_and_dropped_tags_are_reported(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    put(tmp_path / "a.txt", "Blue Eyes, blue-eyes, cat, :), 猫")
    result = cli.run("import", tmp_path)
    assert (result.exit_code, result.stdout) == (0, "1 new, 0 already there, 0 refused\n")
    assert result.stderr == "Tags changed to fit this board: 1. Left out: 2. --json lists them.\n"
    assert tags_of(board) == {"a.png": ["blue-eyes", "cat"]}
    board.delete(board.search()["items"][0]["id"])
    (line,) = cli.lines("import", tmp_path)
    assert (line["changed_tags"], line["dropped_tags"]) == ({"Blue Eyes": "blue-eyes"}, [":)", "猫"])


def test_a_picture_with_too_many_tags_keeps_as_many_as_the_board_takes(
    another: Callable[..., Flask], board: Board, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        put(tmp_path / f"{name}.png")
        put(tmp_path / f"{name}.txt", "z,y,x,w,v")
    put(tmp_path / "c.png")
    put(tmp_path / "c.txt", "z,y,x")
    with served(another(MAX_TAGS=3)) as url:
        result = CommandLine(url).run("import", tmp_path, "--jobs", "1")
    assert (result.exit_code, result.stdout) == (0, "3 new, 0 already there, 0 refused\n")
    assert result.stderr == "Images with more tags than this board allows: 2. 4 tags were left out.\n"
    assert tags_of(board) == {name: ["x", "y", "z"] for name in ("a.png", "b.png", "c.png")}


def test_nothing_is_read_through_links_in_a_folder(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    put(folder / "a.png")
    put(folder / "b.png")
    (folder / "a.txt").symlink_to(put(outside / "secret.txt", "secret"))
    (folder / "b.json").symlink_to(put(outside / "secret.json", {"tags": ["secret"]}))
    (folder / "posts.json").symlink_to(put(outside / "posts.json", [{"tag_string": "secret", "file_url": "a.png"}]))
    (folder / "c.png").symlink_to(put(outside / "c.png"))
    (folder / "linked").symlink_to(outside)
    result = cli.run("import", folder)
    assert (result.exit_code, result.stdout) == (0, "2 new, 0 already there, 0 refused\n")
    assert result.stderr == "Skipped links, which may lead out of the folder: 5\n"
    assert tags_of(board) == {"a.png": [], "b.png": []}


def test_the_names_in_posts_lead_nowhere(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    put(tmp_path / "secret.png")
    put(tmp_path / "folder" / "a.png")
    addresses = ["../secret.png", "/etc/passwd", "..", "file://[", "x/../a.png", "%2e%2e%2fsecret.png"]
    posts = [{"contentUrl": address, "file_url": address, "tags": [{"names": ["cat"]}]} for address in addresses]
    put(tmp_path / "folder" / "posts.json", {"results": posts})
    assert cli.done("import", tmp_path / "folder") == "1 new, 0 already there, 0 refused\n"
    assert tags_of(board) == {"a.png": ["cat"]}


def test_a_broken_sidecar_refuses_its_picture_alone(cli: CommandLine, board: Board, tmp_path: Path) -> None:
    broken = {
        "a.json": ('{\n"tags": [,]}', ", line 2: It is not JSON"),
        "b.json": ("[1]", ": It is not an object"),
        "c.json": ("[" * 100_000, ": It is not JSON"),
        "d.json": ('{"tags": 5}', ": The tags of a post are neither"),
        "e.json": ('{"tags": [5]}', ": A tag of a post is neither"),
        "f.json": ('{"tags": [["cat"]]}', ": A tag of a post is neither"),
        "g.json": ("9" * 5000, ": It is not JSON"),
        "h.txt": ("x" * 2**21, ": It is longer than"),
    }
    for name, (content, _) in broken.items():
        put(tmp_path / f"{name[0]}.png")
        put(tmp_path / name, content)
    put(tmp_path / "z.png")
    put(tmp_path / "z.txt", b"cat,\xff\xfe,dog")
    result = cli.run("import", tmp_path)
    assert (result.exit_code, "1 new, 0 already there, 8 refused" in result.stdout) == (1, True), result.output
    for name, (_, what) in broken.items():
        assert f"{tmp_path / name[0]}.png: {tmp_path / name}{what}" in result.stdout
    assert tags_of(board) == {"z.png": ["cat", "dog"]}


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("posts.json", '[{"tag_string": "a"},\n{]', ", line 2: "),
        ("posts.jsonl", '{"tag_string": "a"}\n{"tag_string": ', ", line 2: "),
        ("posts.jsonl", '{"tag_string": "a"}\n{"tag_string": 5}', ", line 2: "),
        ("posts.jsonl", '{"tag_string": "a"}\n' + "x" * 2**21, ", line 2: "),
        ("posts.json", '{"results": [{"tags": 5}]}', ": "),
    ],
)
def test_a_broken_list_of_posts_ends_it_before_anything_is_sent(
    tmp_path: Path, name: str, content: str, where: str
) -> None:
    put(tmp_path / "a.png")
    put(tmp_path / name, content)
    assert error_without_a_board(tmp_path).startswith(f"Error: {tmp_path / name}{where}")
