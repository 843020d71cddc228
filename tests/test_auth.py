"""Tokens for writing, and web pages from elsewhere."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.board import API, Board, assert_error
from tests.pictures import picture

TOKENS = ["first-token", "c2Vjb25k+/=="]


@pytest.fixture
def guarded(another: Callable[..., Flask]) -> FlaskClient:
    """A board that asks for a token."""
    return another(API_TOKENS=TOKENS).test_client()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_reading_stays_open(guarded: FlaskClient, board: Board) -> None:
    image = board.added(tags="cat")
    for path in ("/images", f"/images/{image['id']}", f"/images/{image['id']}/file", "/tags", "/health", "/docs"):
        assert guarded.get(f"{API}{path}").status_code == 200
        assert guarded.head(f"{API}{path}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        bearer(""),
        bearer("first-toke"),
        bearer("first-token2"),
        {"Authorization": "Basic Zmlyc3QtdG9rZW46"},
        {"Authorization": "first-token"},
        {"Authorization": "Bearer"},
    ],
)
def test_every_write_needs_a_valid_token(guarded: FlaskClient, board: Board, headers: dict[str, str]) -> None:
    image = board.added(tags="cat")
    path = f"{API}/images/{image['id']}"
    for response in (
        guarded.post(f"{API}/images", data={"file": (picture(), "a.png")}, headers=headers),
        guarded.patch(f"{path}/tags", json={"tags": []}, headers=headers),
        guarded.delete(path, headers=headers),
    ):
        assert_error(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"] == "Bearer"
    assert board.search(tags="cat")["total"] == 1


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_each_token_lets_write(guarded: FlaskClient, board: Board, token: str, scheme: str) -> None:
    image = board.added(tags="cat")
    headers = {"Authorization": f"{scheme} {token}"}
    response = guarded.patch(f"{API}/images/{image['id']}/tags", json={"tags": []}, headers=headers)
    assert response.status_code == 200
    assert guarded.delete(f"{API}/images/{image['id']}", headers=headers).status_code == 204


def test_a_body_that_breaks_off_changes_nothing_of_the_answer(guarded: FlaskClient) -> None:
    class Broken:
        def read(self, size: int = -1) -> bytes:
            raise OSError("the chunk has no end")

    response = guarded.post(f"{API}/images", environ_overrides={"wsgi.input": Broken(), "wsgi.input_terminated": True})
    assert_error(response, 401, "unauthorized")


def test_pages_from_elsewhere_are_not_let_in_by_default(client: FlaskClient) -> None:
    response = client.get(f"{API}/images", headers={"Origin": "https://pages.example"})
    assert not [name for name in response.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118


def test_pages_from_named_origins_may_use_the_api(another: Callable[..., Flask]) -> None:
    client = another(CORS_ORIGINS=["https://pages.example"]).test_client()
    named = client.get(f"{API}/images", headers={"Origin": "https://pages.example"})
    assert named.headers["Access-Control-Allow-Origin"] == "https://pages.example"
    assert "X-Request-ID" in named.headers["Access-Control-Expose-Headers"]
    asked = client.options(
        f"{API}/images",
        headers={"Origin": "https://pages.example", "Access-Control-Request-Method": "POST"},
    )
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    other = client.get(f"{API}/images", headers={"Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
