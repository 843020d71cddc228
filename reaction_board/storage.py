"""The object store, which holds each image file under its hash. Only this module uses boto3.

The key of a thumbnail is a prefix and the hash of its image.
"""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from threading import BoundedSemaphore, local
from typing import TYPE_CHECKING, BinaryIO, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.response import StreamingBody
from flask import Flask, current_app

from reaction_board.errors import ServiceUnavailable, StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

CHUNK_BYTES = 256 * 1024  # smaller chunks cost CPU time (16 KiB: 2.5 times as much), larger ones cost only memory
# Threads of one worker process that may wait for the store, or stream from it. A worker has more threads
# (gunicorn_conf.py) and more database connections, so it still answers other requests when the store hangs.
MAX_AT_ONCE = 28

CONFIG = Config(
    connect_timeout=3,  # seconds
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=MAX_AT_ONCE,
    user_agent="reaction-board",  # boto3 would build its own for each request, in a tenth of the request's time
    # `put` sends the checksum that it has anyway. A checksum in a response is that of the whole object, not of a range.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    s3={"payload_signing_enabled": False},
)


HASH_PATTERN = "[0-9a-f]{64}"  # a SHA-256 in hexadecimal, as in keys
THUMBNAILS = "thumbnails/"  # the prefix of the keys of thumbnails
MARKER = "board-id"  # the key of the object with the id of the board that owns the bucket


def thumbnail_key(content_hash: str) -> str:
    """Return the key of the thumbnail of the image with this hash."""
    return THUMBNAILS + content_hash


class ObjectMissing(Exception):
    """The store answered that it has no object with this key."""


class Blob(Protocol):
    """The bytes of an object, or a part of them, streamed from the store. Iterate once, then close."""

    def __iter__(self) -> Iterator[bytes]: ...
    def close(self) -> None:
        """Release the connection, even if bytes are unread."""


class Storage(Protocol):
    """The operations that the board needs of an object store.

    Every method raises StorageError if the store fails, and ServiceUnavailable if too many threads wait for the store.
    """

    def place(self) -> AbstractContextManager[None]:
        """Take a place among the threads that may wait for the store, for work that includes other waits.

        The requests that the thread sends to the store meanwhile need no other place. Raises ServiceUnavailable if no
        place is left.
        """

    def get(self, key: str, size_bytes: int, part: slice | None = None, sha256: str | None = None) -> Blob:
        """Return the bytes of an object, or those from `part.start` up to but not including `part.stop`.

        The first bytes have arrived when this returns. Raises ObjectMissing if there is no object, and StorageError if
        the object does not have `size_bytes`. Iterating raises StorageError if the store breaks off. With `sha256`, it
        also raises StorageError before the last bytes of a whole object with another hash.
        """

    def put(self, key: str, file: BinaryIO, size_bytes: int, mime_type: str, sha256: str) -> None:
        """Store the bytes of a seekable file. `sha256` is their hash in hexadecimal digits."""

    def delete(self, key: str) -> None:
        """Delete an object. A missing object is not an error."""

    def size(self, key: str) -> int | None:
        """Return the size of an object in bytes, or None if there is no object."""

    def board_id(self) -> str | None:
        """Return the id of the board that owns the bucket, or None if no board has claimed it."""

    def claim(self, board_id: str) -> None:
        """Write the id of the board that owns the bucket into the bucket."""

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Yield the key and the size in bytes of every object whose key begins with `prefix`, in the order of keys."""

    def probe(self) -> None:
        """Raise StorageError unless the bucket exists."""


# `read` is the body that follows a `get`; `claim` reads or writes the id of the bucket's owner.
OPERATIONS = ("get", "read", "put", "delete", "head", "list", "probe", "claim")
# Called after every request to the store with the operation, the seconds until the response began, and whether it
# failed. A read takes as long as the client takes, so only a failed read is reported, without a time.
Observer = Callable[[str, float | None, bool], None]


class S3Blob:
    """The body of an S3 response. The constructor reads the first bytes, and checks them if they are the whole body."""

    def __init__(
        self, body: StreamingBody, sha256: str | None, on_failure: Callable[[], None], on_close: Callable[[], None]
    ) -> None:
        self._body, self._on_failure, self._on_close = body, on_failure, on_close
        self._is_closed = False
        self._chunks = self._read(sha256)
        try:
            self._first = next(self._chunks, b"")
        except StorageError:
            self.close()
            raise

    def _read(self, sha256: str | None) -> Iterator[bytes]:
        """Yield each chunk when the next one has arrived, and the last one only if the hash of all chunks is right."""
        digest = hashlib.sha256()
        previous = b""
        try:
            for chunk in self._body.iter_chunks(CHUNK_BYTES):
                if sha256:
                    digest.update(chunk)
                if previous:
                    yield previous
                previous = chunk
        except (BotoCoreError, HTTPClientError, OSError) as error:
            self._on_failure()
            raise StorageError from error
        if sha256 and digest.hexdigest() != sha256:
            self._on_failure()
            raise StorageError from ValueError(f"the bytes have the hash {digest.hexdigest()} instead of {sha256}")
        yield previous

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        yield from self._chunks

    def close(self) -> None:
        """Give the connection back."""
        if not self._is_closed:
            self._is_closed = True
            self._body.close()
            self._on_close()

    __del__ = close


class S3Storage:
    """Amazon's S3, or any server with the same protocol."""

    def __init__(self, bucket: str, region: str | None, timeout: int) -> None:
        """Make a client that gives up after `timeout` seconds without a byte, in each of at most three attempts."""
        self.observers: list[Observer] = []
        self._bucket = bucket
        self._places, self._thread = BoundedSemaphore(MAX_AT_ONCE), local()
        # All threads share one client. Racing threads that each made one would use twice the memory.
        self._client: S3Client = boto3.client(
            "s3", region_name=region, config=CONFIG.merge(Config(read_timeout=timeout))
        )

    def _take_place(self) -> Callable[[], None]:
        """Take a place unless this thread has one. Return the function that releases it."""
        if getattr(self._thread, "has_place", False):
            return lambda: None
        if not self._places.acquire(blocking=False):
            raise ServiceUnavailable from TimeoutError(f"{MAX_AT_ONCE} threads wait for the object store")
        return self._places.release

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place among the threads that may wait for the store: see Storage."""
        give_back = self._take_place()
        had_place, self._thread.has_place = getattr(self._thread, "has_place", False), True
        try:
            yield
        finally:
            self._thread.has_place = had_place
            give_back()

    @contextmanager
    def _asking(self, operation: str) -> Iterator[None]:
        """Hold a place during a request, and translate the errors of the request."""
        with self.place(), self._translating(operation):
            yield

    @contextmanager
    def _translating(self, operation: str) -> Iterator[None]:
        """Translate the errors of boto3: a missing object into ObjectMissing, any other one into StorageError."""
        started, failed = time.perf_counter(), True
        try:
            yield
            failed = False
        except ClientError as error:
            # Not every store sends `NoSuchKey`, and the response to a HEAD has no body that could contain it.
            is_404 = error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
            if is_404 and error.response["Error"]["Code"] != "NoSuchBucket":
                failed = False
                raise ObjectMissing from error
            raise StorageError from error
        except (BotoCoreError, ValueError) as error:  # boto3 raises ValueError for a malformed header
            raise StorageError from error
        finally:
            self._report(operation, time.perf_counter() - started, failed)

    def _report(self, operation: str, seconds: float | None, failed: bool) -> None:
        for observe in self.observers:
            observe(operation, seconds, failed)

    def get(self, key: str, size_bytes: int, part: slice | None = None, sha256: str | None = None) -> S3Blob:
        """Return the bytes of an object: see Storage."""
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": key}
        expected = size_bytes
        if part:
            request["Range"] = f"bytes={part.start}-{part.stop - 1}"
            expected = part.stop - part.start
        give_back = self._take_place()
        try:
            body = self._open(request, expected)
        except BaseException:
            give_back()
            raise
        # The blob keeps the place until it is closed.
        on_failure = partial(self._report, "read", None, True)
        return S3Blob(body, None if part else sha256, on_failure, give_back)

    def _open(self, request: "GetObjectRequestTypeDef", size_bytes: int) -> StreamingBody:
        """Return the body of a response of this size. Raises StorageError and ObjectMissing."""
        with self._translating("get"):
            answer = self._client.get_object(**request)
        answered_bytes = answer.get("ContentLength")  # None for a chunked body, which could be truncated unnoticed
        if answered_bytes != size_bytes:
            answer["Body"].close()
            reason = f"{request['Key']} has {answered_bytes} bytes instead of {size_bytes}"
            raise StorageError from ValueError(reason)
        return answer["Body"]

    def put(self, key: str, file: BinaryIO, size_bytes: int, mime_type: str, sha256: str) -> None:
        """Store the bytes of a file: see Storage."""
        file.seek(0)
        with self._asking("put"):
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=file,
                ContentLength=size_bytes,
                ContentType=mime_type,
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),  # Amazon's S3 verifies it
            )

    def delete(self, key: str) -> None:
        """Delete an object: see Storage."""
        with suppress(ObjectMissing), self._asking("delete"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def size(self, key: str) -> int | None:
        """Return the size of an object: see Storage."""
        try:
            with self._asking("head"):
                return self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
        except ObjectMissing:
            return None

    def board_id(self) -> str | None:
        """Return the id of the board that owns the bucket: see Storage."""
        try:
            with self._asking("claim"):
                return (
                    self._client.get_object(Bucket=self._bucket, Key=MARKER)["Body"].read(100).decode(errors="replace")
                )
        except ObjectMissing:
            return None

    def claim(self, board_id: str) -> None:
        """Write the id of the owner into the bucket: see Storage."""
        with self._asking("claim"):
            self._client.put_object(Bucket=self._bucket, Key=MARKER, Body=board_id.encode(), ContentType="text/plain")

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Yield the keys and sizes of objects: see Storage."""
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix))
        while True:
            with self._asking("list"):
                page = next(pages, None)
            if page is None:
                return
            yield from ((entry["Key"], entry["Size"]) for entry in page.get("Contents", []))

    def probe(self) -> None:
        """Check that the bucket exists: see Storage."""
        try:
            with self._translating("probe"):  # without a place, because it has its own thread: see readiness
                self._client.head_bucket(Bucket=self._bucket)
        except ObjectMissing as error:
            raise StorageError from error

    def create_bucket(self) -> None:
        """Create the bucket of an embedded store, if it is missing. The owner of a managed store creates the bucket."""
        try:
            self.probe()
        except StorageError:
            self._client.create_bucket(Bucket=self._bucket)


def init_app(app: Flask) -> None:
    """Add the store to the application."""
    app.extensions["storage"] = S3Storage(
        app.config["S3_BUCKET_NAME"], app.config["AWS_REGION"], app.config["S3_TIMEOUT"]
    )


def observe(app: Flask, observer: Observer) -> None:
    """Call `observer` after every request to the store."""
    store: S3Storage = app.extensions["storage"]
    store.observers.append(observer)


def current() -> Storage:
    """Return the application's store."""
    storage: Storage = current_app.extensions["storage"]
    return storage
