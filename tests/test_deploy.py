"""The files of deploy/, as far as they can be checked on one machine."""

import re
import secrets
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from flask import Flask
from ruamel.yaml import YAML

from reaction_board.errors import code_of
from reaction_board.http.body import MAX_UNREAD_BYTES
from reaction_board.settings import MIB, SettingsSchema
from tests.servers import PATIENCE, ROOT, Nginx, eventually, needs_nginx


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
    assert lists == [own, own - {500}, own - {500}]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd: apt install systemd")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    units = [tmp_path / f"reaction-board.{kind}" for kind in ("service", "socket")]
    for unit in units:
        text = (ROOT / "deploy" / unit.name).read_text()
        programs = str(Path(sys.executable).parent)
        unit.write_text(
            text.replace("/opt/reaction-board/.venv/bin", programs).replace("/opt/reaction-board", str(ROOT))
        )
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("source", ["deploy/reaction-board.socket", "docs/deploying.md"])
def test_no_other_user_can_enter_the_folder_of_the_sockets(tmp_path: Path, source: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)  # which an older unit left behind
    made_by = re.findall(r"install (-d .*) /run/reaction-board$", (ROOT / source).read_text(), re.MULTILINE)
    assert len(made_by) == 1
    options = re.sub(r"-[og] \S+", "", made_by[0]).split()
    subprocess.run(["install", *options, str(folder)], check=True)
    assert folder.stat().st_mode & 0o777 == 0o750
    assert "-g www-data" in made_by[0]
    configuration = (ROOT / "deploy/nginx.conf").read_text() + (ROOT / "deploy/nginx-path.conf").read_text()
    assert {*re.findall(r"unix:(/\S+)/\w+\.sock", configuration)} == {"/run/reaction-board"}


def install_release(folder: Path, name: str) -> None:
    """Make a release in a new folder, with its name in a static file, and let the link `board` lead to it."""
    release = folder / name
    release.mkdir()
    shutil.copytree(ROOT / "reaction_board", release / "reaction_board")
    for file in ("gunicorn.conf.py", "wsgi.py"):
        shutil.copy(ROOT / file, release)
    (release / "reaction_board/web/static/board/release").write_text(name)
    (folder / "next").symlink_to(release)
    (folder / "next").replace(folder / "board")


@pytest.mark.slow
def test_a_new_release_behind_the_socket_of_systemd_drops_no_request_and_leaves_the_old_one_as_it_is(
    app: Flask, tmp_path: Path
) -> None:
    service = (ROOT / "deploy/reaction-board.service").read_text()
    arguments = re.search(r"ExecStart=.*/bin/gunicorn (.*)", service)
    assert arguments
    answers: list[tuple[bytes, bytes]] = []  # the line of the status, and the body
    stop = threading.Event()

    def ask(path: str) -> None:
        while not stop.is_set():
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE)
                client.connect(path)
                client.sendall(b"GET /static/board/release HTTP/1.0\r\nHost: localhost\r\n\r\n")
                head, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")
                answers.append((head.partition(b"\r\n")[0], body))

    def more_answers() -> bool:
        before = len(answers)
        return eventually(lambda: len(answers) > before + 50)

    with socket.socket(socket.AF_UNIX) as listener, ThreadPoolExecutor(1) as pool:
        path = str(tmp_path / "gunicorn.sock")
        listener.bind(path)
        listener.listen(64)
        # As systemd starts it: the socket is file descriptor 3, and PWD is not set.
        gunicorn = f"{sys.executable} -m gunicorn {arguments[1]}"
        command = f"LISTEN_FDS=1 LISTEN_PID=$$ exec env --unset=PWD {gunicorn} 3<&{listener.fileno()}"

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(["bash", "-c", command], cwd=tmp_path / "board", pass_fds=[listener.fileno()])

        asking = pool.submit(ask, path)
        install_release(tmp_path, "1")
        server = start()
        try:
            assert more_answers()
            install_release(tmp_path, "2")
            assert more_answers()
            assert {body for _, body in answers} == {b"1"}
            server.terminate()
            assert server.wait(PATIENCE) == 0
            server = start()
            assert more_answers()
        finally:
            stop.set()
            asking.result(PATIENCE)
            server.terminate()
            server.wait(PATIENCE)
    assert {status for status, _ in answers} == {b"HTTP/1.0 200 OK"}
    releases = [body for _, body in answers]
    assert releases == sorted(releases)
    assert releases[-1] == b"2"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of compose.yaml."""
    found: dict[str, Any] = compose()["services"]
    return found


def test_every_setting_reaches_the_board_of_compose(services: dict[str, Any]) -> None:
    passed_on = set(services["board"]["environment"])
    assert set(SettingsSchema().fields) - passed_on == {"FORWARDED_ALLOW_IPS"}  # nginx connects to the socket


def compose() -> Any:
    return YAML(typ="safe").load(ROOT / "compose.yaml")


BYTES = {"m": MIB, "g": 1024 * MIB}


def size_of(text: str) -> int:
    return int(text[:-1]) * BYTES[text[-1]]


def test_every_service_is_confined(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert "docker.sock" not in str(service), name


def test_memory_is_bounded_and_files_in_it_too(services: dict[str, Any]) -> None:
    for name, service in services.items():
        mounts = service.get("tmpfs", [])
        sizes = [
            size_of(re.fullmatch(r"/[\w/]+:size=(\d+[mg])", mount)[1])  # type: ignore[index]  # or the test fails
            for mount in ([mounts] if isinstance(mounts, str) else mounts)
        ]
        assert sum(sizes) + size_of(service.get("shm_size", "0m")) < size_of(service["mem_limit"]), name


def test_only_the_board_sees_the_database_and_the_store(services: dict[str, Any]) -> None:
    assert compose()["networks"]["inside"] == {"internal": True}
    inside = {name for name, service in services.items() if "inside" in service.get("networks", [])}
    assert inside == {"board", "migrate", "database", "store"}
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert services["nginx"]["networks"] == ["outside"]
    assert services["bucket"]["network_mode"] == "none"


def test_images_are_pinned_by_digest(services: dict[str, Any]) -> None:
    images = [service["image"] for service in services.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert [image for image in images if not re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image)] == []


class Upstream(socketserver.StreamRequestHandler):
    """An application that redirects nginx to every file, keeps connections open and records the heads of requests."""

    heads: ClassVar[list[tuple[object, str]]] = []  # with the connection of each

    def handle(self) -> None:
        while head := b"".join(iter(self.rfile.readline, b"\r\n")):
            self.heads.append((self, head.decode()))
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            self.rfile.read(int(length[1]) if length else 0)
            new = secrets.token_hex(32).encode()  # a file that nginx has not
            redirect = b"X-Accel-Redirect: /kept-files/" + new + b"/" + b"b" * 36 + b"\r\n"
            redirect = redirect if b"x-sendfile-type" in head.lower() else b""
            close = b"Connection: close\r\n" if b"connection: close" in head.lower() else b""
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + close + redirect + b"\r\n")
            if close:
                break


@pytest.fixture
def nginx_alone(tmp_path: Path) -> Iterator[Nginx]:
    """nginx in front of `Upstream`."""
    with socketserver.ThreadingUnixStreamServer(str(tmp_path / "sock"), Upstream) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Nginx.running(tmp_path / "sock") as nginx:
            Upstream.heads.clear()
            yield nginx
        server.shutdown()


@pytest.mark.slow
@needs_nginx
def test_nothing_of_the_client_reaches_what_all_others_get(nginx_alone: Nginx) -> None:
    mine = {"Cookie": "a=b", "Authorization": "Bearer x", "X-Forwarded-Proto": "https", "Range": "bytes=0-1"}
    requests.get(f"{nginx_alone.url}/images/x/file", headers=mine, data=b"body", timeout=PATIENCE)
    (_, decision), (_, fetch) = Upstream.heads
    assert "Bearer x" in decision
    names = [line.partition(":")[0] for line in fetch.splitlines()[1:]]
    assert sorted(names) == ["Host", "X-Request-ID"]


@pytest.mark.slow
@needs_nginx
def test_only_requests_that_may_be_sent_twice_share_a_connection(nginx_alone: Nginx) -> None:
    for _ in range(2):
        for method, path in (("GET", "images"), ("POST", "images"), ("PATCH", "images/x/tags"), ("DELETE", "images/x")):
            requests.request(method, f"{nginx_alone.url}/{path}", timeout=PATIENCE)
    used = Counter(connection for connection, _ in Upstream.heads)
    alone = [head.split()[0] for connection, head in Upstream.heads if used[connection] == 1]
    assert sorted(alone) == ["DELETE"] * 2 + ["PATCH"] * 2 + ["POST"] * 4  # nginx asks before each upload
    assert {head.split()[0] for connection, head in Upstream.heads if used[connection] > 1} == {"GET"}
