"""The examples in the API document: each body has some, and a board answers as they show."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator, oas30_format_checker

from reaction_board.api.images import etag_of
from reaction_board.errors import BoardError
from tests.board import API, Board
from tests.servers import ROOT

Document = dict[str, Any]
PHOTOGRAPH = (ROOT / "tests/images/cat.jpg").read_bytes()
METHODS = {"get", "post", "put", "patch", "delete"}


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the method and the path of every operation, and the operation with the parameters of its path."""
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            parameters = [*item.get("parameters", []), *item[method].get("parameters", [])]
            yield method, path, {**item[method], "parameters": parameters}


def bodies(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is documented of an operation's bodies, by `request` and by status, without the bytes of images."""
    contents = {
        "request": operation.get("requestBody", {}).get("content", {}),
        **{status: response.get("content", {}) for status, response in operation["responses"].items()},
    }
    return {
        name: documented
        for name, content in contents.items()
        for mime_type, documented in content.items()
        if not mime_type.startswith("image/")
    }


def examples(body: dict[str, Any]) -> list[Any]:
    return [body["example"]] if "example" in body else [one["value"] for one in body.get("examples", {}).values()]


def example_of(parameter: dict[str, Any]) -> Any:
    """Return the example of a parameter or header, if it has one."""
    return parameter.get("example", parameter["schema"].get("example"))


def assert_valid(document: Document, schema: dict[str, Any], example: Any) -> None:
    whole = {**schema, "components": document["components"]}
    OAS30Validator(whole, format_checker=oas30_format_checker).validate(example)


def test_every_body_has_an_example_that_its_schema_accepts(document: Document) -> None:
    for method, path, operation in operations(document):
        for name, body in bodies(operation).items():
            assert examples(body), (method, path, name)
            for example in examples(body):
                assert_valid(document, body["schema"], example)
                assert set(example) >= set(component(document, body["schema"])["required"])


def component(document: Document, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a reference names."""
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def test_the_example_of_a_field_is_valid(document: Document) -> None:
    checked = 0
    for schema in document["components"]["schemas"].values():
        for field in schema["properties"].values():
            if "example" in field:
                assert_valid(document, field, field["example"])
                checked += 1
    assert checked > 30


def test_parameters_and_headers_have_an_example_unless_the_schema_says_enough(document: Document) -> None:
    for _, path, operation in operations(document):
        headers = [header for one in operation["responses"].values() for header in one.get("headers", {}).values()]
        for parameter in [*operation["parameters"], *headers]:
            schema, example = parameter["schema"], example_of(parameter)
            says_enough = {"enum", "minimum"} & set(schema) or schema["type"] == "boolean"
            assert says_enough or example, (path, parameter)
            if example is not None:
                assert_valid(document, schema, example)


def test_the_example_of_an_error_has_a_code_of_its_status_and_the_description_has_it_too(document: Document) -> None:
    statuses = {error.code: str(error.status) for error in BoardError.__subclasses__()}
    for _, _, operation in operations(document):
        for status, body in bodies(operation).items():
            for code, example in body.get("examples", {}).items():
                assert example["value"]["code"] == code
                assert statuses[code] == status
                assert f"`{code}`" in operation["responses"][status]["description"]


def operation_named(document: Document, name: str) -> tuple[str, str, dict[str, Any]]:
    return next(found for found in operations(document) if found[2]["operationId"] == name)


def example_named(document: Document, name: str, status: int) -> Any:
    """Return the example of an operation's response."""
    return bodies(operation_named(document, name)[2])[str(status)]["example"]


def test_the_photograph_is_that_of_the_tour(document: Document) -> None:
    tour = (ROOT / "docs/tour.md").read_text()
    record = json.loads(re.findall(r"```text\n(\{.*?\n\})\n```", tour, re.DOTALL)[0])
    assert example_named(document, "upload_image", 201) == record
    headers = operation_named(document, "upload_image")[2]["responses"]["201"]["headers"]
    assert example_of(headers["ETag"]) == f'"{etag_of(record)}"'
    assert example_of(headers["Location"]) == f"{API}/images/{record['id']}"
    assert json.dumps(example_named(document, "merge_tag", 200), indent=4) in tour


class Replay:
    """Sends the requests of the document's examples to a board that has the photograph, and compares the answers."""

    def __init__(self, board: Board, document: Document) -> None:
        self.board = board
        self.document = document
        self.image_id = ""  # on this board

    def upload(self) -> None:
        """Upload the photograph."""
        form = bodies(operation_named(self.document, "upload_image")[2])["request"]["example"]
        response = self.board.upload(PHOTOGRAPH, tags=form["tags"], filename="cat.jpg", declared="image/jpeg")
        self.image_id = response.get_json()["id"]
        self.assert_as_shown("upload_image", response)

    def call(self, name: str, *queried: str) -> None:
        """Send the example of an operation, with its examples of some parameters of the query."""
        method, path, operation = operation_named(self.document, name)
        values = {parameter["name"]: example_of(parameter) for parameter in operation["parameters"]}
        options: dict[str, Any] = {"query_string": {name: self.here(values[name]) for name in queried}}
        if body := bodies(operation).get("request"):
            options |= {"data": self.here(json.dumps(body["example"])), "content_type": "application/json"}
        response = self.board.client.open(self.here(path.format(**values)), method=method, **options)
        self.assert_as_shown(name, response)

    def here(self, text: str) -> str:
        """Return a text with the id that the photograph has on this board."""
        return text.replace(example_named(self.document, "upload_image", 201)["id"], self.image_id)

    def assert_as_shown(self, name: str, response: Any) -> None:
        """Compare an answer with the example of its status."""
        shown = example_named(self.document, name, response.status_code)
        assert without_ids(response.get_json()) == without_ids(shown), name


CHANGING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|http://[\w.:]+")


def without_ids(body: Any) -> Any:
    """Return a body without what differs between boards: ids, times, and the address of the board."""
    return json.loads(CHANGING.sub("…", json.dumps(body)))


def test_a_board_answers_as_the_examples_show(board: Board, document: Document) -> None:
    replay = Replay(board, document)
    board.upload(tags="yes")
    board.upload(tags="yes")
    replay.upload()
    replay.upload()
    replay.assert_as_shown("find_similar_to_file", board.look_for(PHOTOGRAPH))
    replay.call("get_image")
    replay.call("list_images", "tags", "any", "none", "hash")
    replay.call("replace_tags")
    replay.call("change_tags")
    replay.call("describe_link", "url")
    replay.call("merge_tag")
    replay.call("get_tag")
    replay.call("set_aliases")
    replay.call("list_tags", "q")
    replay.call("delete_images")
    replay.call("get_health")
    replay.call("get_readiness")


@pytest.mark.parametrize(
    ("name", "method", "path", "sent"),
    [
        ("list_images", "get", "/images?tags=so funny", {}),
        ("list_images", "get", "/images?limit=0", {}),
        ("get_tag", "get", "/tags/agree", {}),
        ("describe_link", "get", "/oembed", {}),
        ("describe_link", "get", "/oembed?url=x", {}),
        ("set_aliases", "put", "/tags/agreed/aliases", {"json": {"aliases": ["yes"]}}),
        ("set_aliases", "put", "/tags/agreed/aliases", {"json": {}}),
        ("set_aliases", "put", "/tags/agreed/aliases", {"data": "{", "content_type": "application/json"}),
        ("set_aliases", "put", "/tags/agreed/aliases", {"data": "yes", "content_type": "text/plain"}),
        ("upload_image", "post", "/images", {"data": "file", "content_type": "multipart/form-data"}),
        ("upload_image", "post", "/images", {"json": {}}),
    ],
)
def test_a_board_answers_with_the_errors_that_the_examples_show(
    board: Board, document: Document, name: str, method: str, path: str, sent: dict[str, Any]
) -> None:
    board.added(tags="yes")
    board.added(tags="agreed")
    response = board.client.open(f"{API}{path}", method=method, **sent)
    body = bodies(operation_named(document, name)[2])[str(response.status_code)]
    assert response.get_json() in examples(body)
