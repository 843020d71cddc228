"""The API of a board, a method an operation. Safe to be used by several threads at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, BinaryIO, Self

import httpx
from httpx_retries import Retry, RetryTransport

Image = dict[str, Any]  # as the API gives it, checked by `_image`
Conditions = Mapping[str, str | int]  # of a search, by the names of its parameters

MAX_PAGE = 100  # images
MAX_IDS = 100  # of a change of tags
# Every operation may be repeated: the same bytes are stored once, and a tag is given once.
METHODS = ("GET", "POST")
GATEWAY_ERRORS = (502, 503, 504)


class BoardError(Exception):
    """The board did not do what it was asked for; the text is for a person."""


class Refused(BoardError):
    """The board said no: to this request, and to no other."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code})")
        self.code, self.detail = code, detail


class Unavailable(BoardError):
    """No board answers, or it does not let this client in: whatever is asked for next would fail, too."""


class Api:
    """A board at a URL, with or without `/api/v1`; `token` is sent with every request. To be closed by `with`."""

    def __init__(self, url: str, token: str | None = None, connections: int = 4) -> None:
        headers = {"User-Agent": f"reaction-board/{version('reaction-board')}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        retry = Retry(
            total=5, allowed_methods=METHODS, status_forcelist=GATEWAY_ERRORS, backoff_factor=0.5, max_backoff_wait=10
        )
        self._url = url.rstrip("/").removesuffix("/api/v1")
        self._http = httpx.Client(
            base_url=f"{self._url}/api/v1/",
            headers=headers,
            event_hooks={"request": [self._stay_with_the_board]},
            timeout=httpx.Timeout(60, pool=None),
            transport=RetryTransport(httpx.HTTPTransport(limits=limits), retry),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def search(self, conditions: Conditions, limit: int | None) -> Iterator[tuple[Image, int]]:
        """Yield the images of a search, as many as `limit` or all of them, each with how many there are in all."""
        url: str | httpx.URL | None = "images"
        query: dict[str, str | int] | None = {**conditions, "limit": min(limit or MAX_PAGE, MAX_PAGE)}
        left = limit
        while url:
            response = self._request("GET", url, params=query)
            page = _json(response)
            items, total = _images(response, page), _number(response, page.get("total"))
            for image in items[:left]:
                yield image, total
            if left is not None:
                left -= len(items)
            following = response.links.get("next") if left is None or left > 0 else None
            with self._faults():
                url, query = response.url.join(following["url"]) if following else None, None

    def find(self, digest: str) -> Image | None:
        """Return the image whose bytes have that SHA-256, or None."""
        return next((image for image, _ in self.search({"hash": digest}, limit=1)), None)

    def get(self, image_id: str) -> Image:
        """Return the image with that id."""
        response = self._request("GET", f"images/{image_id}")
        return _image(response, _json(response))

    def upload(self, file: BinaryIO, filename: str, tags: str) -> Image:
        """Upload what a file holds; the answer says whether it is a `duplicate`. It is never in memory as a whole."""
        files = {"file": (filename, file, "application/octet-stream")}
        response = self._request("POST", "images", files=files, data={"tags": tags})
        return _image(response, _json(response))

    @contextmanager
    def bytes_of(self, image: Image) -> Iterator[Iterator[bytes]]:
        """Give the bytes of an image in pieces."""
        with self._faults(), self._http.stream("GET", f"images/{image['id']}/file") as response:
            if response.is_error:
                response.read()
            _hold(response)
            yield response.iter_raw()

    def change_tags(self, image_ids: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> Iterator[Image]:
        """Give tags to images and take others from them, so many at once as the board takes; yield the images."""
        for start in range(0, len(image_ids), MAX_IDS):
            change = {"ids": image_ids[start : start + MAX_IDS], "add": add, "remove": remove}
            response = self._request("POST", "images/tags", json=change)
            yield from _images(response, _json(response))

    def _stay_with_the_board(self, request: httpx.Request) -> None:
        """Refuse to send anything, above all the token, where a link or a redirect of the board leads away from it."""
        board = self._http.base_url
        if (request.url.scheme, request.url.host, request.url.port) != (board.scheme, board.host, board.port):
            raise Unavailable(f"The board at {self._url} leads to another address: {request.url.copy_with(query=None)}")

    def _request(self, method: str, url: str | httpx.URL, **options: Any) -> httpx.Response:
        with self._faults():
            response = self._http.request(method, url, **options)
            _hold(response)
            return response

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"No answer from {self._url}: {error}") from error


def _no_board(response: httpx.Response) -> Unavailable:
    host, status = response.url.host, response.status_code
    if response.has_redirect_location:
        return Unavailable(f"{host} redirects to {response.headers['Location']}: give that as --url if you trust it.")
    return Unavailable(f"{host} answers with {status}, and not as a board does.")


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        value = response.json()
    except (ValueError, RecursionError):
        raise _no_board(response) from None
    if not isinstance(value, dict):
        raise _no_board(response)
    return value


def _number(response: httpx.Response, value: Any) -> int:
    if not isinstance(value, int):
        raise _no_board(response)
    return value


def _images(response: httpx.Response, page: dict[str, Any]) -> list[Image]:
    items = page.get("items")
    if not isinstance(items, list):
        raise _no_board(response)
    return [_image(response, item) for item in items]


def _image(response: httpx.Response, value: Any) -> Image:
    """Return a record as it is, once it is known to be one: its id and hash become parts of paths."""
    try:
        texts = [value["filename"], value["mime_type"], *value["tags"]]
        valid = (
            isinstance(value["tags"], list)
            and all(isinstance(text, str) for text in texts)
            and all(isinstance(value[name], int) for name in ("size_bytes", "width", "height"))
            and re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value["id"])
            and re.fullmatch("[0-9a-f]{64}", value["hash"])
        )
    except (KeyError, TypeError):
        valid = False
    if not valid:
        raise _no_board(response)
    image: Image = value
    return image


def _hold(response: httpx.Response) -> None:
    """Raise what an answer says that is no success."""
    if response.is_success:
        return
    error = _json(response)
    code, detail = error.get("code"), error.get("detail")
    if not isinstance(code, str) or not isinstance(detail, str):
        raise _no_board(response)
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise Unavailable(f"The board wants a valid token: set REACTION_BOARD_TOKEN to one. ({code})")
    if response.status_code in GATEWAY_ERRORS:
        raise Unavailable(f"{detail} ({code})")
    raise Refused(code, detail)
