"""The files of deploy/, as far as they can be checked without what they are for."""

import re
import secrets
import socketserver
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import ClassVar

import pytest
import requests

from reaction_board.errors import code_of
from reaction_board.http.body import MAX_UNREAD_BYTES
from reaction_board.settings import MIB, SettingsSchema
from tests.servers import PATIENCE, ROOT, Nginx, needs_nginx


@needs_nginx
def test_the_configuration_of_nginx_is_clean() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = {"/var/cache/nginx/reaction-board": "cache", "/var/log/nginx/access.log": "access.log"}
        command = Nginx.configure(folder, "80", {path: str(folder / name) for path, name in paths.items()})
        done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "[warn]" not in done.stderr


def test_nginx_lets_the_largest_file_through() -> None:
    configuration = (ROOT / "deploy" / "nginx.conf").read_text()
    largest = SettingsSchema().fields["MAX_UPLOAD_BYTES"].load_default
    assert (
        max(int(size) * MIB for size in re.findall(r"client_max_body_size (\d+)m;", configuration))
        == largest + MAX_UNREAD_BYTES
    )


def test_nginx_has_the_codes_of_the_application() -> None:
    configuration = (ROOT / "deploy" / "nginx.conf").read_text()
    maps = dict(re.findall(r"map \$status \$(error_\w+) \{(.*?)\n\}", configuration, re.DOTALL))
    codes = {int(status): code for status, code in re.findall(r"(\d{3}) (\w+);", maps["error_code"])}
    assert codes == {status: code_of(status) for status in codes}
    details = {int(status) for status in re.findall(r"\n +(\d{3}) \"", maps["error_detail"])}
    assert details == set(codes)
    # nginx itself turns 494 to 497 into 400, which is the default.
    lists = [
        set(map(int, words.split())) for words in re.findall(r"error_page ([\d ]{9,}) /nginx-error", configuration)
    ]
    own = set(codes) | {400, 494, 495, 496, 497}
    assert lists == [own, own - {500}]


class Upstream(socketserver.StreamRequestHandler):
    """An application that lets nginx send every file, and remembers the heads of requests."""

    heads: ClassVar[list[str]] = []

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.rfile.readline()
        self.heads.append(head.decode())
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        self.rfile.read(int(length[1]) if length else 0)
        new = secrets.token_hex(32).encode()  # a file that nginx has not
        redirect = b"X-Accel-Redirect: /kept-files/" + new + b"/" + b"b" * 36 + b"\r\n"
        redirect = redirect if b"x-sendfile-type" in head.lower() else b""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n" + redirect + b"\r\n")


@pytest.mark.slow
@needs_nginx
def test_nothing_of_the_client_reaches_what_all_others_get(tmp_path: Path) -> None:
    with socketserver.UnixStreamServer(str(tmp_path / "sock"), Upstream) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Nginx.running(tmp_path / "sock") as nginx:
            Upstream.heads.clear()
            mine = {"Cookie": "a=b", "Authorization": "Bearer x", "X-Forwarded-Proto": "https", "Range": "bytes=0-1"}
            requests.get(f"{nginx.url}/images/x/file", headers=mine, data=b"body", timeout=PATIENCE)
        server.shutdown()
    decision, fetch = Upstream.heads
    assert "Bearer x" in decision
    names = [line.partition(":")[0] for line in fetch.splitlines()[1:] if line]
    assert sorted(names) == ["Host", "X-Request-ID"]
