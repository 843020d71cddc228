"""The object store: where image bytes live, under the key that is their hash. The only file that knows boto3.

Thumbnails live beside them, under the hash of the image that they are of, and a prefix.
"""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.response import StreamingBody
from flask import Flask, current_app

from reaction_board.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

CHUNK_BYTES = 256 * 1024  # smaller ones cost CPU (16 KiB: 2.5 times as much), larger ones only memory
MAX_CONNECTIONS = 64  # at once, from one worker process; more than it has threads

CONFIG = Config(
    connect_timeout=3,  # seconds
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=MAX_CONNECTIONS,
    user_agent="reaction-board",  # boto3 puts its own together anew for each request, which is a tenth of its time
    # `put` gives the one checksum that it has anyway; a range is not the object that a checksum in the answer is of.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    s3={"payload_signing_enabled": False},
)


HASH_PATTERN = "[0-9a-f]{64}"  # a SHA-256, as keys have it
THUMBNAILS = "thumbnails/"  # the prefix of their keys


def thumbnail_key(content_hash: str) -> str:
    """Return the key of the thumbnail of the image with that hash."""
    return THUMBNAILS + content_hash


class ObjectMissing(Exception):
    """The store answers, and has no object under that key."""


class Blob(Protocol):
    """The bytes of an object, or a part of them, on their way from the store: iterate once, then close."""

    def __iter__(self) -> Iterator[bytes]: ...
    def close(self) -> None:
        """Give the connection back, whatever is left unread."""


class Storage(Protocol):
    """What the board asks of an object store. Every method raises StorageError if the store fails."""

    def get(self, key: str, size_bytes: int, part: slice | None = None) -> Blob:
        """Return the bytes of an object, or those from `part.start` up to before `part.stop`.

        Raises ObjectMissing if there is none, and StorageError if it is not of `size_bytes`: nothing has
        been sent by then. If the store breaks off later, iterating raises StorageError.
        """

    def put(self, key: str, file: BinaryIO, size_bytes: int, mime_type: str, sha256: str) -> None:
        """Store the bytes of a seekable file, whose SHA-256 is given in hexadecimal digits."""

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is fine."""

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Yield key and size in bytes of all objects, or those whose keys begin with `prefix`, in the order of keys."""

    def probe(self) -> None:
        """Raise StorageError unless the bucket is there."""


OPERATIONS = ("get", "read", "put", "delete", "list", "probe")  # read: what follows a get, the body itself
# Called after every request to the store with the operation, the seconds until the answer began, and whether it failed.
# A read takes as long as its client, so it is reported only if it failed, without a time.
Observer = Callable[[str, float | None, bool], None]


class S3Blob:
    """The body of an answer of S3."""

    def __init__(self, body: StreamingBody, report_failure: Callable[[], None]) -> None:
        self._body, self._report_failure = body, report_failure

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body.iter_chunks(CHUNK_BYTES)
        except (BotoCoreError, HTTPClientError, OSError) as error:
            self._report_failure()
            raise StorageError from error

    def close(self) -> None:
        """Give the connection back."""
        self._body.close()


class S3Storage:
    """Amazon's S3, or any server that speaks its language."""

    def __init__(self, bucket: str, region: str | None, timeout: int) -> None:
        """Make a client that waits for `timeout` seconds without a byte, three times at most."""
        self.observers: list[Observer] = []
        self._bucket = bucket
        # One client for all threads, made at the start: made lazily by racing threads it costs twice the memory.
        self._client: S3Client = boto3.client(
            "s3", region_name=region, config=CONFIG.merge(Config(read_timeout=timeout))
        )

    @contextmanager
    def _asking(self, operation: str) -> Iterator[None]:
        """Translate what boto3 raises: a missing object into ObjectMissing, all else into StorageError."""
        started, failed = time.perf_counter(), True
        try:
            yield
            failed = False
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                failed = False
                raise ObjectMissing from error
            raise StorageError from error
        except BotoCoreError as error:
            raise StorageError from error
        finally:
            self._report(operation, time.perf_counter() - started, failed)

    def _report(self, operation: str, seconds: float | None, failed: bool) -> None:
        for observe in self.observers:
            observe(operation, seconds, failed)

    def get(self, key: str, size_bytes: int, part: slice | None = None) -> S3Blob:
        """Return the bytes of an object: see Storage."""
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": key}
        expected = size_bytes
        if part:
            request["Range"] = f"bytes={part.start}-{part.stop - 1}"
            expected = part.stop - part.start
        with self._asking("get"):
            answer = self._client.get_object(**request)
        if answer["ContentLength"] != expected:
            answer["Body"].close()
            raise StorageError from ValueError(f"{key} has {answer['ContentLength']} bytes instead of {expected}")
        return S3Blob(answer["Body"], lambda: self._report("read", None, True))

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
        with self._asking("delete"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Yield key and size of objects: see Storage."""
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix))
        while True:
            with self._asking("list"):
                page = next(pages, None)
            if page is None:
                return
            yield from ((entry["Key"], entry["Size"]) for entry in page.get("Contents", []))

    def probe(self) -> None:
        """Ask for the bucket: see Storage."""
        with self._asking("probe"):
            self._client.head_bucket(Bucket=self._bucket)

    def create_bucket(self) -> None:
        """Create the bucket unless it is there: for an embedded store; a managed one is made by its owner."""
        try:
            self.probe()
        except StorageError:
            self._client.create_bucket(Bucket=self._bucket)


def init_app(app: Flask) -> None:
    """Give the application its store."""
    app.extensions["storage"] = S3Storage(
        app.config["S3_BUCKET_NAME"], app.config["AWS_REGION"], app.config["S3_TIMEOUT"]
    )


def observe(app: Flask, observer: Observer) -> None:
    """Have `observer` called after every request to the store."""
    store: S3Storage = app.extensions["storage"]
    store.observers.append(observer)


def current() -> Storage:
    """Return the application's store."""
    storage: Storage = current_app.extensions["storage"]
    return storage
