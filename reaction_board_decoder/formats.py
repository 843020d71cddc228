"""The four formats, and libvips confined to them."""

import os
from typing import Any, BinaryIO

os.environ["VIPS_CONCURRENCY"] = "1"  # threads per picture, because each core has at least one decoder

import pyvips

# The MIME type of each of libvips' loaders. libvips chooses the loader by the content alone.
MIME_TYPES = {
    "jpegload_source": "image/jpeg",
    "pngload_source": "image/png",
    "gifload_source": "image/gif",
    "webpload_source": "image/webp",
}

# Hostile files target rarely used loaders, so only these four are allowed.
pyvips.operation_block_set("VipsForeignLoad", True)
for _loader in ("Jpeg", "Png", "Nsgif", "Webp"):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", False)
# libvips would cache the last hundred operations, and keep their files open.
pyvips.cache_set_max(0)


def open_picture(
    picture: BinaryIO | bytes, load: Any = pyvips.Image.new_from_source, *arguments: Any, **options: Any
) -> Any:
    """Return libvips' image of a picture. This reads only the header; libvips decodes pixels when they are needed."""
    if isinstance(picture, bytes):
        source = pyvips.Source.new_from_memory(picture)
    else:
        picture.seek(0)
        source = pyvips.Source.new_from_descriptor(picture.fileno())
    return load(source, *(arguments or ("",)), **options)
