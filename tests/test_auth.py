"""Access tokens, and web pages of other origins."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.board import API, Board, assert_error, form_file
from tests.pictures import picture

TOKENS = ["first-token", "c2Vjb25k+/=="]


@pytest.fixture
def guarded(another: Callable[..., Flask]) -> FlaskClient:
    """A board that needs a token for writes."""
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
        guarded.post(f"{API}/images/delete", json={"ids": [image["id"]]}, headers=headers),
        guarded.post(f"{API}/images/similar", data={"file": form_file(picture())}, headers=headers),
        guarded.post(f"{API}/tags/cat/merge", json={"into": "dog"}, headers=headers),
        guarded.put(f"{API}/tags/cat/aliases", json={"aliases": ["kitten"]}, headers=headers),
    ):
        assert_error(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"] == "Bearer"
    assert board.search(tags="cat")["total"] == 1
    assert board.tag("cat")["aliases"] == []


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_every_configured_token_may_write(guarded: FlaskClient, board: Board, token: str, scheme: str) -> None:
    image = board.added(tags="cat")
    headers = {"Authorization": f"{scheme} {token}"}
    response = guarded.patch(f"{API}/images/{image['id']}/tags", json={"tags": []}, headers=headers)
    assert response.status_code == 200
    assert guarded.delete(f"{API}/images/{image['id']}", headers=headers).status_code == 204


EXTENSION = "<any(jpg, png, gif, webp):extension>"
# What needs no token where READING is "links". All other routes must refuse, including those that are added later.
OPEN_WITH_LINKS = {
    *("/", "/pick", "/tags", "/share-target.js", "/static/<path:filename>", "/metrics"),
    *("/api/v1/health", "/api/v1/ready", "/api/v1/openapi.json", "/api/v1/docs", "/api/v1/oembed"),
    *("/api/v1/images/<image_id:image_id>", "/i/<image_id:image_id>", f"/i/<image_id:image_id>.{EXTENSION}"),
    *(f"/api/v1/images/<image_id:image_id>/{what}" for what in ("file", "thumbnail", "preview")),
}


@pytest.fixture
def by_links(another: Callable[..., Flask]) -> Flask:
    """A board with READING=links: images can be read by their links, but only found with a token."""
    return another(API_TOKENS=TOKENS, READING="links", METRICS=True)


def test_with_reading_links_everything_that_finds_images_needs_a_token(by_links: Flask, board: Board) -> None:
    image, client = board.added(tags="cat"), by_links.test_client()
    refused: set[str] = set()
    opened: set[str] = set()
    for rule in by_links.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            path = rule.rule.replace("<image_id:image_id>", image["id"]).replace("<path:filename>", "board/main.js")
            path = path.replace(EXTENSION, "png")
            for method in ("GET", "HEAD"):
                response = client.open(path, method=method)
                response.close()
                (refused if response.status_code == 401 else opened).add(rule.rule)
            if rule.rule in refused:
                assert_error(client.get(path), 401, "unauthorized")
                assert client.get(path, headers=bearer(TOKENS[0])).status_code < 500
    assert opened == OPEN_WITH_LINKS
    assert refused >= {"/api/v1/images", "/api/v1/tags"}
    assert not refused & opened


def test_with_reading_links_a_token_finds_images_and_a_link_shows_one(by_links: Flask, board: Board) -> None:
    image, client = board.added(tags="cat"), by_links.test_client()
    assert client.get(f"{API}/images?tags=cat", headers=bearer(TOKENS[1])).get_json()["total"] == 1
    assert_error(client.get(f"{API}/images?hash={image['hash']}"), 401, "unauthorized")
    assert_error(client.get(f"{API}/images", headers=bearer("wrong")), 401, "unauthorized")
    assert client.get(f"{API}/images/{image['id']}/file").status_code == 200
    assert client.get(f"/i/{image['id']}.png").status_code == 200
    assert client.get(f"{API}/oembed?url=http://localhost/i/{image['id']}").status_code == 200
    assert_error(client.get(f"{API}/nothing"), 404, "not_found")


@pytest.mark.parametrize("settings", [{}, {"API_TOKENS": TOKENS}, {"API_TOKENS": TOKENS, "READING": "links"}])
def test_the_document_says_what_needs_a_token(another: Callable[..., Flask], settings: dict[str, object]) -> None:
    client = another(**settings).test_client()
    document = client.get(f"{API}/openapi.json").get_json()
    seen = set()
    for path, item in document["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            is_refused = client.open(path.replace("{image_id}", str(UUID(int=0))), method=method).status_code == 401
            assert (item[method].get("security") == [{"token": []}]) is is_refused, (method, path)
            assert not is_refused or "401" in item[method]["responses"]
            seen.add(is_refused)
    assert seen == ({True, False} if settings else {False})


def test_a_page_of_a_named_origin_reads_why_it_cannot_search_and_may_send_a_token(
    another: Callable[..., Flask],
) -> None:
    origin = {"Origin": "https://pages.example"}
    client = another(API_TOKENS=TOKENS, READING="links", CORS_ORIGINS=[origin["Origin"]]).test_client()
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    preflight = client.options(f"{API}/images", headers={**origin, **asked})
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Headers"]) == (200, "authorization")
    refused = client.get(f"{API}/images", headers=origin)
    assert_error(refused, 401, "unauthorized")
    let_in = client.get(f"{API}/images", headers={**origin, **bearer(TOKENS[0])})
    assert let_in.status_code == 200
    for response in (refused, let_in):
        assert response.headers.getlist("Access-Control-Allow-Origin") == [origin["Origin"]]


def test_an_id_cannot_be_guessed(board: Board) -> None:
    # 122 bits of a UUID vary: 48 are the time, and of the others each takes both values.
    numbers = [UUID(board.added()["id"]).int for _ in range(24)]
    changing = [bit for bit in range(80) if len({number >> bit & 1 for number in numbers}) == 2]
    assert len(changing) > 70


def test_a_truncated_body_does_not_change_the_answer(guarded: FlaskClient) -> None:
    class Broken:
        def read(self, size: int = -1) -> bytes:
            raise OSError("the chunk has no end")

    response = guarded.post(f"{API}/images", environ_overrides={"wsgi.input": Broken(), "wsgi.input_terminated": True})
    assert_error(response, 401, "unauthorized")


def test_pages_of_other_origins_may_not_use_the_api_by_default(client: FlaskClient) -> None:
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
