"""`python -m tests.demo FOLDER`: write the pictures there, to look at them."""

import sys
from pathlib import Path

from tests.demo import pictures

folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
for filename, _, data in pictures():
    (folder / filename).write_bytes(data)
