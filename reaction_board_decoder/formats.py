"""The four formats, and libvips confined to them."""

import os
from typing import Any, BinaryIO

os.environ["VIPS_CONCURRENCY"] = "1"  # threads per picture: there is one decoder or more for each core

import pyvips

# The MIME type that each of libvips' loaders stands for. libvips chooses the loader by the bytes alone.
MIME_TYPES = {
    "jpegload_source": "image/jpeg",
    "pngload_source": "image/png",
    "gifload_source": "image/gif",
    "webpload_source": "image/webp",
}

# Hostile files are aimed at rarely used loaders, so only these four are open.
pyvips.operation_block_set("VipsForeignLoad", True)
for _loader in ("Jpeg", "Png", "Nsgif", "Webp"):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", False)
# libvips would keep the last hundred operations, and with them the files they read.
pyvips.cache_set_max(0)


def open_picture(
    picture: BinaryIO | bytes, load: Any = pyvips.Image.new_from_source, *arguments: Any, **options: Any
) -> Any:
    """Return libvips' image of a picture. Only its header is read; pixels are decoded when they are needed."""
    if isinstance(picture, bytes):
        source = pyvips.Source.new_from_memory(picture)
    else:
        picture.seek(0)
        source = pyvips.Source.new_from_descriptor(picture.fileno())
    return load(source, *(arguments or ("",)), **options)
