"""The S3 servers of the tests.

A test of what a store does has the mark `both_stores` and runs on each; for all others, one is enough.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from reaction_board.local.object_store import object_store

STORES = ["rclone", "moto"]
VARIABLES_OF_MOTO = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@contextlib.contextmanager
def store(name: str, folder: Path) -> Iterator[dict[str, str]]:
    """Run one of the servers. Yield the environment variables to use it."""
    if name == "rclone":
        with object_store(folder, "key-of-the-tests", "secret-of-the-tests") as (_, variables):
            yield variables
    else:
        from moto.server import ThreadedMotoServer  # here, because the import alone takes a third of a second

        moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        moto.start()
        host, port = moto.get_host_and_port()
        yield {**VARIABLES_OF_MOTO, "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}"}
        moto.stop()
