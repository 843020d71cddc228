"""The icons of the installed page."""

import pytest
import pyvips

from tests.icons import BOARD, ICONS


@pytest.mark.parametrize("name", ICONS)
def test_the_icon_is_what_make_icons_makes(name: str) -> None:
    icon, expected = pyvips.Image.new_from_file(str(BOARD / name)), ICONS[name]()
    assert (icon.width, icon.height, icon.bands) == (expected.width, expected.height, expected.bands)
    assert (icon - expected).abs().avg() < 1  # of 255: another release of librsvg may draw the edges differently
