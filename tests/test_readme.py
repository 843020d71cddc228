"""The README's tour, run as it stands."""

import json
import os
import re
import subprocess

from tests.servers import ROOT, Gunicorn


def test_the_tour_can_be_pasted(gunicorn: Gunicorn) -> None:
    readme = (ROOT / "README.md").read_text()
    tour = re.search(r"```bash\n(.*?)```", readme, re.DOTALL)
    assert tour
    # Only the port is another one; the line that a reader pastes names that of `make run`.
    first = "BOARD=http://127.0.0.1:8000/api/v1\n"
    assert tour[1].startswith(first)
    script = tour[1].replace(first, f"BOARD={gunicorn.url}\n")
    lines = [line for line in script.splitlines() if line and not line.startswith("#")]
    marked = "\n".join(f"echo '>>>'\n{line}" for line in lines)
    done = subprocess.run(
        ["bash", "-eu", "-c", marked],
        cwd=ROOT,
        env={**os.environ, "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (
        _,
        _,
        cat,
        nod,
        wink,
        again,
        all_images,
        found,
        any_of,
        animated,
        by_hash,
        link,
        _,
        looked_up,
        patched,
        many,
        stale,
        whole,
        unchanged,
        part,
        tags,
        together,
        alias,
        by_alias,
        completed,
        merged,
        deleted,
        nothing,
    ) = (text.strip() for text in done.stdout.split(">>>"))
    assert [json.loads(text)["mime_type"] for text in (cat, nod, wink)] == ["image/jpeg", "image/gif", "image/webp"]
    assert json.loads(again) == {**json.loads(cat), "duplicate": True}
    assert json.loads(all_images)["total"] == 3
    assert [image["filename"] for image in json.loads(found)["items"]] == ["wink.webp"]
    assert [image["filename"] for image in json.loads(any_of)["items"]] == ["wink.webp"]
    assert [image["frames"] > 1 for image in json.loads(animated)["items"]] == [True, True]
    assert [image["id"] for image in json.loads(by_hash)["items"]] == [json.loads(cat)["id"]]
    assert 'rel="next"' in link
    assert json.loads(looked_up)["id"] == json.loads(cat)["id"]
    assert json.loads(patched)["tags"] == ["cat", "judging-you", "staring"]
    assert json.loads(many)["items"][0]["tags"] == ["classic", "judging-you", "staring"]
    assert json.loads(stale)["code"] == "precondition_failed"
    assert [whole, unchanged, part, deleted] == ["", "304", "206", "204"]
    assert [(tag["name"], tag["image_count"]) for tag in json.loads(tags)["items"]] == [("yes", 2)]
    assert [tag["name"] for tag in json.loads(together)["items"]] == ["nodding", "wink"]
    assert json.loads(alias)["aliases"] == ["lol"]
    assert [image["filename"] for image in json.loads(by_alias)["items"]] == ["nod.gif"]
    assert [(tag["alias"], tag["name"]) for tag in json.loads(completed)["items"]] == [("lol", "nodding")]
    assert [json.loads(merged)[name] for name in ("moved", "remaining")] == [2, 0]
    assert json.loads(nothing) == {"deleted": [], "missing": [json.loads(cat)["id"]]}
