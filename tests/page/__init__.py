"""The tests of the page, in a browser, as people use it."""

import pytest

from tests.browser import CHROMIUM

MARKS = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="there is no chromium on this machine: apt install chromium-headless-shell"
    ),
]
