"""The four formats that the board accepts."""

import pyvips

EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp"}

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
