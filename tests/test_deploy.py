"""The files of deploy/, as far as they can be checked without what they are for."""

import re
import subprocess
import tempfile
from pathlib import Path

from reaction_board.local import ROOT
from reaction_board.settings import MIB, SettingsSchema
from tests.servers import Nginx


def test_the_configuration_of_nginx_is_clean() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = Nginx.configure(folder, {"/var/cache/nginx/reaction-board": str(folder / "cache")})
        done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "[warn]" not in done.stderr


def test_nginx_lets_the_largest_file_through() -> None:
    configuration = (ROOT / "deploy" / "nginx.conf").read_text()
    largest = SettingsSchema().fields["MAX_UPLOAD_BYTES"].load_default
    assert max(int(size) * MIB for size in re.findall(r"client_max_body_size (\d+)m;", configuration)) == largest + MIB
