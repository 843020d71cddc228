"""A client that openapi-python-client makes from the API document."""

import importlib
import io
import json
import subprocess
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any
from uuid import UUID

import httpx
import pytest
from flask import Flask

from tests.pictures import picture
from tests.servers import PYTHON

pytestmark = pytest.mark.slow

# No formatter runs afterwards, and the generator reads pictures as bytes.
CONFIGURATION = {
    "post_hooks": [],
    "content_type_overrides": {f"image/{name}": "application/octet-stream" for name in ("jpeg", "png", "gif", "webp")},
}


@pytest.fixture(scope="module")
def module_of(session_app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ModuleType]]:
    """A function that imports a module of the generated client."""
    folder = tmp_path_factory.mktemp("generated")
    document, configuration = folder / "openapi.json", folder / "configuration.json"
    document.write_bytes(session_app.test_client().get("/api/v1/openapi.json").data)
    configuration.write_text(json.dumps(CONFIGURATION))
    command = [*PYTHON, "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    command += [f"--path={document}", f"--config={configuration}", f"--output-path={folder / 'generated_board'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield lambda name: importlib.import_module(f"generated_board.{name}")


def test_it_uploads_finds_changes_fetches_and_deletes(app: Flask, module_of: Callable[[str], Any]) -> None:
    transport = httpx.WSGITransport(app=app)
    client = module_of("client").Client("http://localhost", httpx_args={"transport": transport})
    types, models = module_of("types"), module_of("models")

    def call(name: str, **arguments: Any) -> Any:
        """Call the function of an operation, and return the parsed answer."""
        return module_of(f"api.{name}").sync(client=client, **arguments)

    data = picture()
    file = types.File(payload=io.BytesIO(data), file_name="cat.png", mime_type="image/png")
    image = call("images.upload_image", body=models.Upload(file=file, tags="cat"))
    assert isinstance(image.id, UUID)
    assert (image.filename, image.tags, image.duplicate) == ("cat.png", ["cat"], False)

    page = call("search.list_images", tags="cat", mime_type=models.ListImagesMimeType.IMAGEPNG)
    assert [found.id for found in page.items] == [image.id]
    changed = call("images.replace_tags", image_id=image.id, body=models.Tags(tags=["dog"]))
    assert changed.tags == ["dog"]
    assert [(tag.name, tag.image_count) for tag in call("tags.list_tags").items] == [("cat", 0), ("dog", 1)]
    assert call("files.get_file", image_id=image.id).payload.read() == data

    assert call("images.delete_image", image_id=image.id) is None
    assert call("images.get_image", image_id=image.id).code == "image_not_found"
