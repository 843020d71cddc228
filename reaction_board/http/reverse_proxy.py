"""The reverse proxy in front of the application: whether a request comes from it, and what its headers say.

A client could send the same headers. So they count only on a connection from one of the addresses in
`FORWARDED_ALLOW_IPS`, or through a unix socket, which only this machine can open. The proxy must replace the ones that
its clients send.
"""

import ipaddress
import re
from uuid import uuid4

from flask import current_app, request


def is_trusted() -> bool:
    """Say whether the request comes from a proxy that is trusted."""
    trusted = current_app.config["FORWARDED_ALLOW_IPS"]
    if "*" in trusted or not request.remote_addr:  # a unix socket has no address
        return True
    address = ipaddress.ip_address(request.remote_addr)
    return any(address in ipaddress.ip_network(network) for network in trusted)


def request_id() -> str:
    """Return the id that the proxy gave the request, else a new one."""
    given = request.headers.get("X-Request-ID", "")
    return given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) and is_trusted() else uuid4().hex


def sends_files() -> bool:
    """Say whether the proxy can send a file that an answer names in `X-Accel-Redirect` (nginx; as Rack's Sendfile)."""
    return request.headers.get("X-Sendfile-Type") == "X-Accel-Redirect" and is_trusted()
