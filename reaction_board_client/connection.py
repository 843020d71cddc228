"""HTTP connections to one board: its address, proxies, retries and errors."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, Self
from urllib.request import getproxies, proxy_bypass

import h11
import httpx
from httpx_retries import Retry, RetryTransport

from reaction_board_client.errors import BoardError, NoAnswer, NotABoard, Refused, Unavailable, WrongAddress

API_PATH = "/api/v1"
EXAMPLES = "for example http://localhost:8000 or https://example.org/board"

# Every operation can be repeated safely: the board stores the same bytes once and adds a tag once.
RETRIED_METHODS = ("GET", "POST", "PUT")
GATEWAY_ERRORS = (502, 503, 504)
MAX_RETRIES = 5
# Seconds. They also bound the wait that a server asks for in `Retry-After`.
MAX_WAIT = 10
MAX_WAITS = 30  # all waits of a request together
ANSWER_TIMEOUT = 60
READY_TIMEOUT = 10  # the board itself answers within three


class Connection:
    """Connections to a board, safe to use from several threads. `with` closes them.

    Every request goes to the board's own address, below its path, and carries the token.
    """

    def __init__(self, address: str, token: str, connections: int) -> None:
        """Raise WrongAddress, and Unavailable if the proxy of the environment cannot be used."""
        self.board = board_url(address)
        self._has_token = bool(token)
        headers = {"User-Agent": f"reaction-board/{version('reaction-board')}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        retry = _Retry(
            total=MAX_RETRIES,
            allowed_methods=RETRIED_METHODS,
            status_forcelist=GATEWAY_ERRORS,
            backoff_factor=0.5,
            max_backoff_wait=MAX_WAIT,
            total_timeout=MAX_WAITS,
        )
        self._http = httpx.Client(
            base_url=self.board.copy_with(path=f"{self.board.path.rstrip('/')}{API_PATH}/"),
            headers=headers,
            timeout=httpx.Timeout(ANSWER_TIMEOUT, pool=None),
            transport=RetryTransport(self._transport(connections), retry),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def address(self) -> str:
        """The address of the board to show and share, without its password and without a trailing slash."""
        return _shown(self.board)

    def _transport(self, connections: int) -> httpx.HTTPTransport:
        # httpx ignores the proxies of the environment if it is given a transport.
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        # Loading the certificates takes every command 30 ms, and plain http does not need them.
        verify = True if self.board.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            self._proxy = _environment_proxy(self.board)
            return httpx.HTTPTransport(verify=verify, limits=limits, proxy=self._proxy)
        except (httpx.InvalidURL, ValueError) as error:
            raise Unavailable(f"The proxy of the environment for {self.board.scheme} is wrong: {error}") from error
        except ImportError as error:
            raise Unavailable("A SOCKS proxy needs another library: pip install 'httpx[socks]'") from error

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return a successful answer, with its body read. `path` is relative to the API. Raises BoardError."""
        with self._faults():
            response = self._http.request(method, path, **options)
            self._raise_for_error(response)
            return response

    @contextmanager
    def stream(self, path: str) -> Iterator[httpx.Response]:
        """Yield a successful answer before its body is read. Raises BoardError, also while the body is read."""
        with self._faults(), self._http.stream("GET", path) as response:
            if not response.is_success:
                response.read()
            self._raise_for_error(response)
            yield response

    def is_ready(self) -> bool:
        """Return whether the board is ready for requests, without retries."""
        try:
            return json_of(self.request("GET", "ready", **at_once(READY_TIMEOUT))).get("status") == "ready"
        except BoardError:
            return False

    def next_query(self, response: httpx.Response) -> httpx.QueryParams | None:
        """Return the query of the page after this one, or None.

        Only the query of the link counts: behind a proxy, the board may not know the path under which it is served.
        Raises Unavailable if the link leads to another origin.
        """
        link = response.links.get("next")
        if link is None:
            return None
        with self._faults():
            url = response.url.join(link.get("url", ""))
        if _origin(url) != _origin(self.board):
            raise Unavailable(f"{_shown(self.board)} leads to another address, {_shown(url)}.")
        return url.params

    def _raise_for_error(self, response: httpx.Response) -> None:
        """Raise the error that an answer stands for, unless it is a success."""
        if response.is_success:
            return
        if response.has_redirect_location:
            raise _redirected(response)
        error = json_of(response)
        code, detail = error.get("code"), error.get("detail")
        if not isinstance(code, str) or not isinstance(detail, str):
            raise not_a_board(response)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise self._unauthorized(code)
        if response.status_code in GATEWAY_ERRORS:
            raise NoAnswer(f"{detail} ({code})")
        if code == "not_found":  # the address, not an image
            raise not_a_board(response)
        raise Refused(code, detail)

    def _unauthorized(self, code: str) -> Unavailable:
        if self._has_token:
            text = "The board does not accept this access token: set REACTION_BOARD_TOKEN to a valid one."
        else:
            text = "This board needs an access token: set REACTION_BOARD_TOKEN."
        return Unavailable(f"{text} ({code})")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except h11.LocalProtocolError as error:  # not wrapped by httpx: the body differs in length from Content-Length
            raise Refused("changed", "The file changed while it was sent.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            through = f" through the proxy {_shown(self._proxy.url)}" if self._proxy else ""
            raise NoAnswer(f"No answer from {_shown(self.board)}{through}: {error}") from error


def at_once(seconds: float) -> dict[str, Any]:
    """Return the options of a request with this timeout and without retries."""
    return {"timeout": seconds, "extensions": {"retry": Retry(total=0)}}


def board_url(address: str) -> httpx.URL:
    """Return the URL of a board, without a trailing slash, for an address as people write it.

    It may be copied from a browser (its query is dropped) and may end in `/api/v1`. Without a scheme, a name with a dot
    gets https, so that the token is not sent in clear text; IP addresses and names such as `localhost` get http.
    Raises WrongAddress.
    """
    text = address.strip()
    try:
        url = httpx.URL(text if "://" in text else f"http://{text}")
        host, port = url.host, url.port
    except (httpx.InvalidURL, UnicodeError):
        host, port = "", None
    if not re.fullmatch("[^%]+", host) or url.scheme not in ("http", "https") or not (port is None or 0 < port < 65536):
        raise WrongAddress(f"{address!r} is not the address of a board, {EXAMPLES}.")
    if "://" not in text and "." in host and not re.fullmatch(r"[0-9.]+", host):
        url = url.copy_with(scheme="https")
    path = url.path.rstrip("/").removesuffix(API_PATH).rstrip("/")
    return url.copy_with(path=path, query=None, fragment=None)


def json_of(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer. Raises NotABoard."""
    try:
        value = response.json()
    except (ValueError, RecursionError):
        raise not_a_board(response) from None
    if not isinstance(value, dict):
        raise not_a_board(response)
    return value


def not_a_board(response: httpx.Response) -> NotABoard:
    """Return the error for an answer that no board would give."""
    status = f"{response.status_code} {httpx.codes.get_reason_phrase(response.status_code)}".rstrip()
    return NotABoard(f"No board answers at {_shown(response.url)} ({status}).")


def _redirected(response: httpx.Response) -> Unavailable:
    target = response.url.join(response.headers["Location"])
    source = _shown(response.url.copy_with(path=response.url.path.partition(API_PATH)[0]))
    path, api, _ = target.path.partition(f"{API_PATH}/")
    if not api:  # perhaps to a login page
        return Unavailable(f"{source} redirects to {_shown(target)}, which is not the API of a board.")
    board = _shown(target.copy_with(path=path))
    return Unavailable(f"{source} redirects to {board}. If you trust it, use --url {board}")


def _environment_proxy(url: httpx.URL) -> httpx.Proxy | None:
    """Return the proxy for a URL, from the environment (`https_proxy`, `no_proxy`) or the system's settings, or None.

    Raises ValueError and httpx.InvalidURL if the proxy is not a URL.
    """
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    if not proxy or proxy_bypass(f"{url.host}:{port}"):
        return None
    usable = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    if not usable.url.host:
        raise ValueError("It has no host.")
    return usable


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _shown(url: httpx.URL) -> str:
    """Return a URL without password and query, to show it to a person."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None)).rstrip("/")


class _Retry(Retry):
    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return super().parse_retry_after(retry_after)
        except OverflowError as error:  # a date whose year is too large
            raise ValueError(retry_after) from error
