"""Access to the board as a client, access to the bucket as its owner, and the required shape of errors."""

import io
import re
import socket
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import requests
from flask.testing import FlaskClient
from requests.utils import parse_header_links
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from reaction_board.storage import MARKER
from tests.pictures import picture
from tests.servers import PATIENCE

API = "/api/v1"


def form_file(data: bytes, filename: str = "picture.png", declared: str = "image/png") -> FileStorage:
    return FileStorage(io.BytesIO(data), filename, content_type=declared)


class Board:
    """The API of an application in this process, with one method per request."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def upload(
        self,
        data: bytes | None = None,
        tags: str | None = None,
        filename: str = "picture.png",
        declared: str = "image/png",
    ) -> TestResponse:
        """Upload a file, or else a new picture."""
        form: dict[str, Any] = {"file": form_file(picture() if data is None else data, filename, declared)}
        if tags is not None:
            form["tags"] = tags
        return self.post_form(form)

    def post_form(self, form: dict[str, Any]) -> TestResponse:
        # The test client itself would put a large body into a file and forget to close it.
        boundary, body = encode_multipart(form)
        return self.client.post(f"{API}/images", data=body, content_type=f"multipart/form-data; boundary={boundary}")

    def added(self, **upload: Any) -> dict[str, Any]:
        """Upload a new image and return it."""
        response = self.upload(**upload)
        assert response.status_code == 201, response.text
        return image_of(response)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(f"{API}{path}", **options)

    def search(self, **query: Any) -> dict[str, Any]:
        response = self.get("/images", query_string=query)
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.get_json()
        return page

    def followed(self, relation: str, path: str) -> Iterator[dict[str, Any]]:
        """Yield the page of images at a path, and those that its links lead to."""
        while path:
            response = self.client.get(path)
            assert response.status_code == 200, response.text
            yield response.get_json()
            path = links_of(response).get(relation, "")

    def file(self, image: dict[str, Any], **headers: str) -> TestResponse:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.get(f"/images/{image['id']}/file", headers=fields)

    def replace_tags(self, image_id: str | UUID, tags: Any) -> TestResponse:
        return self.client.patch(f"{API}/images/{image_id}/tags", json={"tags": tags})

    def change_tags(self, image_ids: Iterable[str], **change: Any) -> TestResponse:
        return self.client.post(f"{API}/images/tags", json={"ids": list(image_ids), **change})

    def delete(self, image_id: str | UUID) -> TestResponse:
        return self.client.delete(f"{API}/images/{image_id}")

    def delete_many(self, image_ids: Iterable[str]) -> TestResponse:
        return self.client.post(f"{API}/images/delete", json={"ids": list(image_ids)})

    def similar(self, image: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """Return the images that look like an image."""
        response = self.get(f"/images/{image['id']}/similar", query_string=query)
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.get_json()["items"]
        return items

    def look_for(self, data: bytes, **query: Any) -> TestResponse:
        """Search by a picture."""
        boundary, body = encode_multipart({"file": form_file(data)})
        path, content_type = f"{API}/images/similar", f"multipart/form-data; boundary={boundary}"
        return self.client.post(path, data=body, content_type=content_type, query_string=query)

    def tags(self, **query: Any) -> dict[str, Any]:
        response = self.get("/tags", query_string=query)
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.get_json()
        return page

    def tag(self, name: str) -> dict[str, Any]:
        """Look up a tag and its aliases."""
        response = self.get(f"/tags/{name}")
        assert response.status_code == 200, response.text
        tag: dict[str, Any] = response.get_json()
        return tag

    def set_aliases(self, name: str, *aliases: str) -> TestResponse:
        return self.client.put(f"{API}/tags/{name}/aliases", json={"aliases": list(aliases)})

    def merge(self, name: str, into: str) -> TestResponse:
        return self.client.post(f"{API}/tags/{name}/merge", json={"into": into})

    def merged(self, name: str, into: str) -> dict[str, Any]:
        """Run one step of a merge and return its result."""
        response = self.merge(name, into)
        assert response.status_code == 200, response.text
        step: dict[str, Any] = response.get_json()
        return step

    def tag_counts(self) -> dict[str, int]:
        return {tag["name"]: tag["image_count"] for tag in self.tags()["items"]}


class RemoteBoard:
    """The API of a server, with one method per request. Each request uses a new connection."""

    def __init__(self, url: str, timeout: float = PATIENCE) -> None:
        self.url, self.timeout = url, timeout

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, f"{self.url}{path}", timeout=self.timeout, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def upload(self, data: bytes | None = None, tags: str = "cat", filename: str = "a.png") -> requests.Response:
        """Upload a file, or else a new picture."""
        files = {"file": (filename, picture() if data is None else data)}
        return self.request("POST", "/images", files=files, data={"tags": tags})

    def added(self, data: bytes | None = None, tags: str = "cat", filename: str = "a.png") -> dict[str, Any]:
        """Upload a new image and return it."""
        response = self.upload(data, tags, filename)
        assert response.status_code == 201, response.text
        return image_of(response)

    def file(self, image: dict[str, Any], what: str = "file", **headers: str) -> requests.Response:
        """Fetch the bytes of an image, or of its thumbnail."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.get(f"/images/{image['id']}/{what}", headers=fields)

    def replace_tags(self, image_id: str, tags: list[str]) -> requests.Response:
        return self.request("PATCH", f"/images/{image_id}/tags", json={"tags": tags})

    def delete(self, image_id: str) -> requests.Response:
        return self.request("DELETE", f"/images/{image_id}")

    def total(self) -> int:
        """Return the number of images on the board."""
        total: int = self.get("/images").json()["total"]
        return total


def raw(url: str, request: bytes) -> requests.Response:
    """Send raw bytes that no client library would send, and return the answer."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin1").split("\r\n")
    response = requests.Response()
    response.status_code, response._content = int(status.split()[1]), body
    response.headers.update(dict(line.split(": ", 1) for line in lines))
    return response


def image_of(response: TestResponse | requests.Response) -> dict[str, Any]:
    image: dict[str, Any] = response.get_json() if isinstance(response, TestResponse) else response.json()
    return image


def links_of(response: TestResponse) -> dict[str, str]:
    return {link["rel"]: link["url"] for link in parse_header_links(response.headers.get("Link", ""))}


def ids(images: Iterable[dict[str, Any]]) -> list[str]:
    return [image["id"] for image in images]


class Objects:
    """The bucket, without the application."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client, self.bucket = client, bucket

    def keys(self) -> set[str]:
        """The keys of all objects except the marker of the bucket's owner."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {found["Key"] for page in pages for found in page.get("Contents", [])} - {MARKER}

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def delete_all(self) -> None:
        for key in self.keys():
            self.delete(key)


SECRETS = re.compile(
    r"traceback|select |insert |psycopg|sqlalchemy|boto|127\.0\.0\.1|test-images|key-of-the-tests|\.py\b", re.IGNORECASE
)


def assert_error(response: Any, status: int, code: str, *, about: str = "") -> None:
    """Assert that an answer is the error envelope: exactly `detail` and `code`, without internal details."""
    body = response.get_json() if isinstance(response, TestResponse) else response.json()
    assert (response.status_code, body.get("code")) == (status, code), body
    assert set(body) == {"detail", "code"}
    assert response.headers["Content-Type"] == "application/json"
    assert body["detail"]
    assert about in body["detail"]
    assert not SECRETS.search(body["detail"])
