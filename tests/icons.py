"""`make icons`: the icons of the installed page, from the one in SVG."""

import sys
from pathlib import Path
from typing import Any

import pyvips

from tests.servers import ROOT

BOARD = ROOT / "reaction_board" / "web" / "static" / "board"
GROUND = [179, 36, 92]  # the colour of the face
SAFE = 0.8  # of the width of a maskable icon: systems may cut off what is outside of a circle of this width


def render(side: int, *, maskable: bool = False) -> pyvips.Image:
    """Return the icon as a square of `side` pixels. A maskable one has a background and a margin."""
    inner = round(side * SAFE) if maskable else side
    # The decoder, which some tests import, blocks this for its own process.
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
    picture = pyvips.Image.thumbnail(str(BOARD / "icon.svg"), inner, height=inner)
    if not maskable:
        return picture
    margin = (side - inner) // 2
    return picture.flatten(background=GROUND).embed(margin, margin, side, side, extend="background", background=GROUND)


ICONS: dict[str, Any] = {
    "icon-192.png": lambda: render(192),
    "icon-512.png": lambda: render(512),
    "icon-maskable-512.png": lambda: render(512, maskable=True),
}


def main(folder: Path = BOARD) -> int:
    """Write the icons."""
    for name, make in ICONS.items():
        make().pngsave(str(folder / name), keep="none", effort=10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
