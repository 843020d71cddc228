"""Monitoring: readiness, metrics and JSON logs."""

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from reaction_board.local.processes import free_port
from reaction_board.service import readiness
from tests.board import Board, assert_error
from tests.pictures import picture
from tests.proxy import in_between
from tests.servers import PATIENCE, PYTHON, ROOT, Gunicorn, Nginx, eventually, needs_nginx


def test_a_board_whose_parts_answer_is_ready(board: Board) -> None:
    response = board.get("/ready")
    assert (response.status_code, response.get_json()) == (200, {"status": "ready"})


@pytest.mark.slow
@pytest.mark.parametrize("part", ["database", "object store"])
@pytest.mark.parametrize("how", ["refuses", "hangs"])
def test_a_part_that_fails_makes_it_not_ready_in_bounded_time(
    another: Callable[..., Flask],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    part: str,
    how: str,
) -> None:
    with in_between(environment) as (database, store, variables):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", variables["AWS_ENDPOINT_URL_S3"])
        # Longer than an answer takes even on a busy machine.
        patient = {"DATABASE_TIMEOUT": 2 * PATIENCE, "S3_TIMEOUT": 2 * PATIENCE}
        board = Board(another(DATABASE_URL=variables["DATABASE_URL"], **patient).test_client())
        monkeypatch.setattr(readiness, "SECONDS", PATIENCE)
        assert board.get("/ready").status_code == 200
        monkeypatch.setattr(readiness, "SECONDS", 0.5 if how == "hangs" else PATIENCE)
        faulty = {"database": database, "object store": store}[part]
        setattr(faulty, how, True)
        started = time.monotonic()
        for _ in range(3):
            assert_error(board.get("/ready"), 503, "service_unavailable")
        assert time.monotonic() - started < PATIENCE
        assert board.get("/health").status_code == 200
        if how == "hangs":
            assert f"TimeoutError: no answer within 0.5 seconds: {part}\n" in caplog.text
        setattr(faulty, how, False)
        assert eventually(lambda: board.get("/ready").status_code == 200)


def test_a_database_without_tables_is_not_ready(app: Flask, board: Board) -> None:
    engine = app.extensions["engine"]
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE totals RENAME TO totals_elsewhere")
    try:
        assert_error(board.get("/ready"), 503, "service_unavailable")
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE totals_elsewhere RENAME TO totals")


COUNT = "reaction_board_request_seconds_count"


def _requests(samples: dict[str, float]) -> float:
    """Return how many requests were counted, without those for the metrics."""
    return sum(value for name, value in samples.items() if name.startswith(COUNT) and "route=/metrics" not in name)


class Watched:
    """A board under gunicorn with metrics."""

    def __init__(self, server: Gunicorn) -> None:
        self.server, self.url = server, server.url
        self.metrics = server.url.replace("/api/v1", "/metrics")

    def samples(self) -> dict[str, float]:
        """Return every sample by its name and labels, as `name{label=value,…}`."""
        text = requests.get(self.metrics, timeout=PATIENCE).text
        return {
            sample.name + ("{" + ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items())) + "}"): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def more_of(self, act: Callable[[], object], requests: int) -> dict[str, float]:
        """Return the growth of samples by an action, as soon as `requests` more requests are counted.

        The last byte of an answer may be sent before it is counted.
        """
        before = self.samples()
        act()
        assert eventually(lambda: requests <= _requests(self.samples()) - _requests(before))
        return {
            name: value - before.get(name, 0) for name, value in self.samples().items() if value != before.get(name)
        }


@contextlib.contextmanager
def watched(environment: dict[str, str], **more: str) -> Iterator[Watched]:
    with Gunicorn.running({**os.environ, **environment, "METRICS": "true", **more}) as server:
        yield Watched(server)


@pytest.fixture(scope="module")
def module_watched(environment: dict[str, str]) -> Iterator[Watched]:
    with watched(environment) as server:
        yield server


@pytest.fixture
def board_watched(app: Flask, module_watched: Watched) -> Watched:
    return module_watched


def test_requests_of_all_workers_are_counted_by_route_method_and_status(board_watched: Watched) -> None:
    data = picture()

    def use() -> None:
        upload = [
            requests.post(f"{board_watched.url}/images", files={"file": ("a.png", data)}, timeout=PATIENCE)
            for _ in range(3)
        ]
        for _ in range(20):  # each over a new connection, so both workers answer some
            file = requests.get(f"{board_watched.url}/images/{upload[0].json()['id']}/file", timeout=PATIENCE)
            assert file.content == data
        requests.get(f"{board_watched.url}/images/{upload[0].json()['id'][:-1]}x", timeout=PATIENCE)
        requests.get(f"{board_watched.url}/nothing/secret", timeout=PATIENCE)
        requests.request("NONSENSE", f"{board_watched.url}/images", timeout=PATIENCE)

    workers = {worker.pid for worker in board_watched.server.process.children()}
    assert len(workers) == 2
    more = board_watched.more_of(use, requests=26)
    counted = {name: value for name, value in more.items() if name.startswith(COUNT)}
    for asked_by_others in ("/metrics", "/api/v1/health"):  # requests of these tests, and of the server's start
        counted.pop(f"{COUNT}{{method=GET,route={asked_by_others},status=200}}", None)
    assert counted == {
        f"{COUNT}{{method=POST,route=/api/v1/images,status=201}}": 1,
        f"{COUNT}{{method=POST,route=/api/v1/images,status=200}}": 2,
        f"{COUNT}{{method=GET,route=/api/v1/images/{{image_id}}/file,status=200}}": 20,
        f"{COUNT}{{method=GET,route=/api/v1/images/{{image_id}},status=404}}": 1,
        f"{COUNT}{{method=GET,route=none,status=404}}": 1,
        f"{COUNT}{{method=other,route=none,status=405}}": 1,
    }
    assert more["reaction_board_duplicates_total{}"] == 2
    assert more["reaction_board_sent_bytes_total{route=/api/v1/images/{image_id}/file}"] == 20 * len(data)
    assert more["reaction_board_received_bytes_total{route=/api/v1/images}"] > 3 * len(data)
    assert more["reaction_board_store_seconds_count{operation=put}"] == 1
    assert more["reaction_board_store_seconds_count{operation=get}"] == 20
    assert not any("errors" in name for name in more)
    assert "secret" not in requests.get(board_watched.metrics, timeout=PATIENCE).text


def test_the_version_is_in_the_metrics_the_log_and_the_document(board_watched: Watched) -> None:
    release = version("reaction-board")
    assert board_watched.samples()[f"reaction_board_build_info{{version={release}}}"] == 1
    assert f"Reaction Image Board {release}" in board_watched.server.log()
    document = requests.get(f"{board_watched.url}/openapi.json", timeout=PATIENCE).json()
    assert document["info"]["version"] == release


def test_metrics_have_the_use_of_the_pool(board_watched: Watched) -> None:
    samples = board_watched.samples()
    assert samples["reaction_board_database_connections_max{}"] == 64
    assert samples["reaction_board_database_connections{}"] == 0


def test_errors_of_the_store_are_counted(another: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    board = Board(another(METRICS=True).test_client())
    metrics = board.client.get("/metrics").text
    assert 'reaction_board_store_errors_total{operation="claim"} 0.0' in metrics
    assert_error(board.upload(), 500, "storage_error")
    metrics = board.client.get("/metrics").text
    assert 'reaction_board_store_errors_total{operation="claim"} 1.0' in metrics
    assert "reaction_board_database_connections 0.0" in metrics


@pytest.mark.slow
def test_what_a_dead_worker_counted_stays_and_what_it_used_is_free(app: Flask, environment: dict[str, str]) -> None:
    with watched(environment, WEB_CONCURRENCY="1") as server:
        folder = next(Path("/dev/shm").glob(f"reaction-board-metrics-{server.server.process.pid}-*"))
        for _ in range(5):
            requests.get(f"{server.url}/images", timeout=PATIENCE)
        name = "reaction_board_request_seconds_count{method=GET,route=/api/v1/images,status=200}"
        assert eventually(lambda: server.samples()[name] == 5)
        (worker,) = server.server.process.children()
        worker.kill()
        assert eventually(lambda: {child.pid for child in server.server.process.children()} != {worker.pid})
        assert eventually(lambda: requests.get(f"{server.url}/images", timeout=PATIENCE).status_code == 200)
        assert eventually(lambda: server.samples()[name] == 6)
        assert eventually(lambda: server.samples()["reaction_board_database_connections_max{}"] == 32)
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_a_check_of_the_configuration_needs_no_folder_and_leaves_none(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*PYTHON, "gunicorn", "--check-config", "wsgi:app"],
        cwd=ROOT,
        env={**os.environ, **environment, "METRICS": "true"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_metrics_are_off_by_default(gunicorn: Gunicorn) -> None:
    assert_error(requests.get(gunicorn.url.replace("/api/v1", "/metrics"), timeout=PATIENCE), 404, "not_found")


@pytest.mark.slow
@needs_nginx
def test_nginx_tells_metrics_on_a_port_of_their_own(board_watched: Watched) -> None:
    port = free_port()
    with Nginx.running(board_watched.server.socket, {"listen 9180": f"listen 127.0.0.1:{port}"}) as nginx:
        for path in ("/metrics", "/board/metrics"):
            assert_error(requests.get(nginx.url.replace("/api/v1", path), timeout=PATIENCE), 404, "not_found")
        # nginx answered, as it logs only requests that the application does not see.
        assert eventually(lambda: {"/metrics", "/board/metrics"} <= set(nginx.access_log().split()))
        assert "reaction_board_" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE).text
        assert requests.get(f"http://127.0.0.1:{port}/api/v1/health", timeout=PATIENCE).status_code == 404


@pytest.mark.slow
def test_the_dashboard_asks_for_metrics_that_there_are(board_watched: Watched) -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    asked = {name for expression in expressions for name in re.findall(r"reaction_board_\w+", expression)}
    files = {"file": ("a.png", picture())}
    assert requests.post(f"{board_watched.url}/images", files=files, timeout=PATIENCE).status_code == 201
    text = requests.get(board_watched.metrics, timeout=PATIENCE).text
    told = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    kinds = "|".join(("_bucket", "_count", "_sum"))
    assert {re.sub(f"({kinds})$", "", name) for name in asked} <= told
    assert {name for name in told if name.startswith("reaction_board_")} <= {
        re.sub(f"({kinds})$", "", name) for name in asked
    }


@pytest.mark.slow
def test_lines_of_json_are_one_object_each(app: Flask, environment: dict[str, str]) -> None:
    with Gunicorn.running({**os.environ, **environment, "LOG_FORMAT": "json"}) as server:
        port = urlsplit(server.url).port
        response = requests.get(f"http://127.0.0.1:{port}/api/v1/images?tags=secret", timeout=PATIENCE)
        requests.get(f"http://127.0.0.1:{port}/api/v1/x%0Ay", timeout=PATIENCE)
        with app.extensions["engine"].begin() as connection:
            connection.exec_driver_sql("ALTER TABLE totals RENAME TO totals_elsewhere")
        try:
            broken = requests.get(f"http://127.0.0.1:{port}/api/v1/images", timeout=PATIENCE)
        finally:
            with app.extensions["engine"].begin() as connection:
                connection.exec_driver_sql("ALTER TABLE totals_elsewhere RENAME TO totals")
        assert_error(broken, 500, "internal_error")
        request_id = broken.headers["X-Request-ID"]
        assert eventually(lambda: sum(request_id in line for line in server.log().splitlines()) == 2)
        log = server.log()
    lines = [json.loads(line) for line in log.splitlines()]
    assert all({"time", "level", "message"} <= line.keys() for line in lines)
    (line,) = [line for line in lines if line.get("request_id") == response.headers["X-Request-ID"]]
    assert (line["method"], line["path"], line["route"], line["status"]) == ("GET", *2 * ("/api/v1/images",), 200)
    assert line["bytes_out"] == len(response.content)
    assert line["milliseconds"] > 0
    fault, _ = [line for line in lines if line.get("request_id") == request_id]
    assert fault["level"] == "ERROR"
    assert "UndefinedTable" in fault["exc_info"]
    assert any(line["message"].startswith("Booting worker") for line in lines)
