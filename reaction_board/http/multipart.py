"""Forms with files, as browsers and curl send them. Names may contain backslashes and bytes that are not UTF-8."""

import io
import re
from collections.abc import Callable
from typing import Any

from werkzeug.datastructures import FileStorage, Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

# curl before 7.81 escapes a backslash, and a quote that does not end the value, with a backslash. Any other backslash
# is part of the name, as browsers and curl send it (HTML Standard, "Multipart form data").
_BACKSLASH = re.compile(r'\\(\\|"(?![ \t]*(?:;|\r?$)))|\\', re.MULTILINE)
# In Shift JIS, the second byte of a character may be the byte of a backslash.
_TWO_BYTES = re.compile(rb"[\x80-\xff]\\")


class Decoder(MultipartDecoder):
    """Werkzeug's decoder, which would refuse names that are not UTF-8, and drop every backslash."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = _TWO_BYTES.sub(b"\xff", data).decode(errors="replace")
        return super()._parse_headers(_BACKSLASH.sub(lambda found: found[0] if found[1] else r"\\", text).encode())


def parse(
    read: Callable[[int], bytes],
    decoder: MultipartDecoder,
    receive_file: Callable[[], Any],
    *,
    chunk_bytes: int,
    max_field_bytes: int,
) -> list[tuple[str, str | FileStorage]]:
    """Return the fields and files of a form with their names, in the order in which the client sent them.

    `receive_file` returns the object that the bytes of a file are written to. Raises ValueError if the body is not such
    a form, and RequestEntityTooLarge if it has too many parts for the decoder or if a field is too large.
    """
    parts: list[tuple[str, str | FileStorage]] = []
    part: Field | File
    content: Any
    while not isinstance(event := decoder.next_event(), Epilogue):
        match event:
            case NeedData():
                decoder.receive_data(read(chunk_bytes) or None)
            case File():
                content, part = receive_file(), event
            case Field():
                content, part = io.BytesIO(), event
            case Data():
                content.write(event.data)
                if isinstance(part, Field) and content.tell() > max_field_bytes:
                    raise RequestEntityTooLarge
                if not event.more_data:
                    content.seek(0)
                    parts.append((part.name or "", _value(part, content)))
    return parts


def _value(part: Field | File, content: Any) -> str | FileStorage:
    if isinstance(part, File):
        return FileStorage(content, part.filename, headers=part.headers)
    return str(content.read().decode(errors="replace"))
