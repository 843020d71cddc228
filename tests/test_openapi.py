"""The API document against the contract, and its page."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from reaction_board.errors import BoardError, MethodNotAllowed, NotFound

CONDITIONS = {"If-None-Match", "If-Match", "If-Modified-Since", "If-Unmodified-Since", "Range", "If-Range"}

IMAGE = "/api/v1/images/{image_id}"
DIRECT_LINK = "/i/{image_id}.{extension}"
TAG = "/api/v1/tags/{name}"

# Every operation of the contract: its parameters, its statuses without an error, and its error codes by status.
OPERATIONS: dict[tuple[str, str], tuple[set[str], set[str], dict[str, set[str]]]] = {
    ("post", "/api/v1/images"): (
        set(),
        {"200", "201"},
        {
            "400": {"bad_request"},
            "422": {"invalid_mime_type", "file_too_large", "invalid_tag", "validation_error"},
            "500": {"storage_error", "internal_error"},
            "503": {"service_unavailable"},
            "507": {"board_full"},
        },
    ),
    ("get", "/api/v1/images"): (
        {
            *("tags", "any", "none", "mime_type", "hash", "untagged", "animated"),
            *("order", "seed", "cursor", "limit", "offset", "include"),
        },
        {"200"},
        {
            "401": {"unauthorized"},
            "422": {"invalid_tag", "validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", "/api/v1/ready"): (
        set(),
        {"200"},
        {"422": {"validation_error"}, "500": {"internal_error"}, "503": {"service_unavailable"}},
    ),
    ("get", IMAGE): (
        {"image_id", "If-None-Match", "include"},
        {"200", "304"},
        {
            "404": {"image_not_found"},
            "422": {"validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("delete", IMAGE): (
        {"image_id"},
        {"204"},
        {
            "404": {"image_not_found"},
            "422": {"validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", f"{IMAGE}/file"): (
        {"image_id", *CONDITIONS},
        {"200", "206", "304"},
        {
            "404": {"image_not_found"},
            "412": {"precondition_failed"},
            "416": {"range_not_satisfiable"},
            "500": {"storage_error", "internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", DIRECT_LINK): (
        {"image_id", "extension", *CONDITIONS},
        {"200", "206", "304"},
        {
            "404": {"image_not_found"},
            "412": {"precondition_failed"},
            "416": {"range_not_satisfiable"},
            "500": {"storage_error", "internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", f"{IMAGE}/thumbnail"): (
        {"image_id", *CONDITIONS},
        {"200", "206", "304"},
        {
            "404": {"image_not_found"},
            "412": {"precondition_failed"},
            "422": {"undecodable_image"},
            "416": {"range_not_satisfiable"},
            "500": {"storage_error", "internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", f"{IMAGE}/preview"): (
        {"image_id", *CONDITIONS},
        {"200", "206", "304"},
        {
            "404": {"image_not_found"},
            "412": {"precondition_failed"},
            "422": {"undecodable_image"},
            "416": {"range_not_satisfiable"},
            "500": {"storage_error", "internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", f"{IMAGE}/similar"): (
        {"image_id", "limit", "distance", "include"},
        {"200"},
        {
            "401": {"unauthorized"},
            "404": {"image_not_found"},
            "422": {"validation_error"},
            "500": {"storage_error", "internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("post", "/api/v1/images/similar"): (
        {"limit", "distance", "include"},
        {"200"},
        {
            "400": {"bad_request"},
            "422": {"invalid_mime_type", "file_too_large", "undecodable_image", "validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("post", "/api/v1/images/tags"): (
        set(),
        {"200"},
        {
            "400": {"bad_request"},
            "404": {"image_not_found"},
            "422": {"invalid_tag", "validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("post", "/api/v1/images/delete"): (
        set(),
        {"200"},
        {
            "400": {"bad_request"},
            "422": {"validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("patch", f"{IMAGE}/tags"): (
        {"image_id", "If-Match"},
        {"200"},
        {
            "400": {"bad_request"},
            "404": {"image_not_found"},
            "412": {"precondition_failed"},
            "422": {"invalid_tag", "validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", "/api/v1/oembed"): (
        {"url", "maxwidth", "maxheight", "format"},
        {"200"},
        {
            "404": {"image_not_found"},
            "422": {"validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", "/api/v1/tags"): (
        {"q", "match", "with", "order", "limit", "offset"},
        {"200"},
        {
            "401": {"unauthorized"},
            "422": {"invalid_tag", "validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", TAG): (
        {"name"},
        {"200"},
        {
            "401": {"unauthorized"},
            "404": {"tag_not_found"},
            "422": {"validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("put", f"{TAG}/aliases"): (
        {"name"},
        {"200"},
        {
            "400": {"bad_request"},
            "404": {"tag_not_found"},
            "409": {"tag_in_use", "alias_conflict"},
            "422": {"invalid_tag", "validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("post", f"{TAG}/merge"): (
        {"name"},
        {"200"},
        {
            "400": {"bad_request"},
            "404": {"tag_not_found"},
            "409": {"alias_conflict"},
            "422": {"invalid_tag", "validation_error"},
            "500": {"internal_error"},
            "503": {"service_unavailable"},
        },
    ),
    ("get", "/api/v1/health"): (set(), {"200"}, {"422": {"validation_error"}, "500": {"internal_error"}}),
}
# HTTP's own errors for bodies. Every operation with a body documents them.
BODY_ERRORS = {"408": {"request_timeout"}, "413": {"payload_too_large"}, "415": {"unsupported_media_type"}}


def operation_of(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """Return an operation with the parameters of its path."""
    at_path = document["paths"][path]
    return {**at_path[method], "parameters": at_path.get("parameters", []) + at_path[method].get("parameters", [])}


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_it_has_exactly_the_operations_of_the_contract(document: dict[str, Any]) -> None:
    methods = {"get", "post", "put", "patch", "delete"}
    assert {(m, path) for path, item in document["paths"].items() for m in item if m in methods} == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_states_its_parameters_statuses_and_codes(
    document: dict[str, Any], method: str, path: str
) -> None:
    parameters, successes, errors = OPERATIONS[method, path]
    operation = operation_of(document, method, path)
    if "requestBody" in operation:
        errors = {**errors, **BODY_ERRORS}
    if method != "get":
        errors = {**errors, "401": {"unauthorized"}, "403": {"cross_origin"}}
        assert operation["security"] == [{}, {"token": []}]
    assert {parameter["name"] for parameter in operation["parameters"]} == parameters
    assert set(operation["responses"]) == successes | set(errors)
    for status, codes in errors.items():
        content = operation["responses"][status]["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Error"}
        assert set(content["examples"]) == codes
    assert operation["summary"]


@pytest.mark.parametrize(
    ("method", "path"), [operation for operation in OPERATIONS if operation[0] in ("get", "delete")]
)
def test_an_unknown_query_parameter_is_an_error_where_the_document_says_so(
    document: dict[str, Any], client: FlaskClient, method: str, path: str
) -> None:
    url = path.format(image_id="0190b6f5-7f4e-7000-8000-000000000000", name="cat", extension="png")
    response = client.open(url, method=method, query_string={"unknown": "1"})
    codes = OPERATIONS[method, path][2].get("422", set())
    refuses = "validation_error" in codes and path != "/api/v1/oembed"  # which needs another parameter
    assert (response.status_code == 422 and response.get_json()["detail"].startswith("unknown: ")) == refuses


def test_operations_have_names_for_generated_clients(document: dict[str, Any]) -> None:
    # The names are unique, or the document would not be valid.
    for method, path in OPERATIONS:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", document["paths"][path][method]["operationId"])


def test_every_component_is_used(document: dict[str, Any]) -> None:
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert schemas == set(re.findall(r"#/components/\w+/\w+", str(document)))
    assert set(document["components"]) == {"schemas", "securitySchemes"}
    assert set(document["components"]["securitySchemes"]) == {"token"}


def test_a_parameter_is_never_null(document: dict[str, Any]) -> None:
    for method, path in OPERATIONS:
        for parameter in operation_of(document, method, path)["parameters"]:
            schema = parameter["schema"]
            assert "nullable" not in schema
            assert None not in [schema.get("default", ""), *schema.get("enum", [])]


@pytest.mark.parametrize(("base", "server"), [("http://localhost", "/"), ("http://localhost/board", "/board")])
def test_the_server_is_the_board_where_the_document_was_found(client: FlaskClient, base: str, server: str) -> None:
    assert client.get("/api/v1/openapi.json", base_url=base).get_json()["servers"] == [{"url": server}]


RESOURCES = ["images", "search", "similar", "files", "thumbnails", "tags", "oembed", "health"]


def test_resources_come_in_the_order_of_a_reader_and_say_what_they_are_for(document: dict[str, Any]) -> None:
    assert [tag["name"] for tag in document["tags"]] == RESOURCES
    assert all(re.fullmatch(r"[A-Z][^.]+\.", tag["description"]) for tag in document["tags"])
    tags = [document["paths"][path][method]["tags"] for method, path in OPERATIONS]
    assert all(len(names) == 1 for names in tags)
    assert {name for names in tags for name in names} == set(RESOURCES)


def test_what_is_searched_for_comes_before_the_page_of_the_list(document: dict[str, Any]) -> None:
    for path, first in (("/api/v1/images", "tags"), ("/api/v1/tags", "q")):
        names = [parameter["name"] for parameter in operation_of(document, "get", path)["parameters"]]
        assert names[0] == first
        assert names.index("limit") > names.index("order")


def test_the_statuses_of_an_operation_are_sorted(document: dict[str, Any]) -> None:
    for method, path in OPERATIONS:
        statuses = list(document["paths"][path][method]["responses"])
        assert statuses == sorted(statuses)


def test_only_an_unsatisfiable_range_is_said_to_have_the_size_of_the_file(document: dict[str, Any]) -> None:
    responses = document["paths"][f"{IMAGE}/file"]["get"]["responses"]
    assert {status for status, one in responses.items() if "Content-Range" in one.get("headers", {})} == {"206", "416"}


def test_every_error_class_is_stated_somewhere(document: dict[str, Any]) -> None:
    everywhere = {NotFound, MethodNotAllowed}  # of paths and methods that the document does not have
    classes = {error for error in BoardError.__subclasses__() if error.__module__ == BoardError.__module__}
    assert {error.code for error in classes - everywhere if repr(error.code) not in str(document)} == set()


@pytest.mark.parametrize(
    ("path", "name", "default", "minimum", "maximum"),
    [
        ("/api/v1/images", "limit", 50, 1, 100),
        ("/api/v1/images", "offset", 0, 0, 2**63 - 1),
        ("/api/v1/tags", "limit", 100, 1, 200),
        ("/api/v1/tags", "offset", 0, 0, 2**63 - 1),
    ],
)
def test_bounds_and_defaults_are_stated(
    document: dict[str, Any], path: str, name: str, default: int, minimum: int, maximum: int
) -> None:
    parameters = operation_of(document, "get", path)["parameters"]
    schema = next(parameter["schema"] for parameter in parameters if parameter["name"] == name)
    assert schema == {"type": "integer", "default": default, "minimum": minimum, "maximum": maximum}


def test_an_upload_is_a_form_with_a_file(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/v1/images"]["post"]["requestBody"]
    assert set(body["content"]) == {"multipart/form-data"}
    schema = document["components"]["schemas"]["Upload"]
    assert schema["required"] == ["file"]
    assert schema["properties"]["file"]["format"] == "binary"
    assert schema["properties"]["tags"]["type"] == "string"


def test_the_image_object_is_that_of_the_contract(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    fields = {
        "id",
        "hash",
        "filename",
        "mime_type",
        "size_bytes",
        "width",
        "height",
        "storage_key",
        "created_at",
        "tags",
    }
    assert set(schemas["Image"]["properties"]) == set(schemas["Image"]["required"]) == fields
    assert schemas["WholeImage"]["required"] == schemas["Image"]["required"]
    assert set(schemas["WholeImage"]["properties"]) == fields | {"frames"}
    assert set(schemas["UploadedImage"]["properties"]) == fields | {"duplicate"}
    assert schemas["Image"]["properties"]["hash"]["pattern"] == "^[0-9a-f]{64}$"
    assert schemas["Image"]["properties"]["created_at"]["format"] == "date-time"
    assert set(schemas["Error"]["properties"]) == {"detail", "code"}


def test_the_tag_object_is_that_of_the_contract(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    fields = ["id", "image_count", "name"]
    assert sorted(schemas["ListedTag"]["required"]) == fields
    assert set(schemas["ListedTag"]["properties"]) == {*fields, "alias", "together", "merging"}
    assert sorted(schemas["TagWithAliases"]["required"]) == sorted([*fields, "aliases", "merging"])
    parameters = operation_of(document, "get", "/api/v1/tags")["parameters"]
    order = next(parameter["schema"] for parameter in parameters if parameter["name"] == "order")
    assert order == {"type": "string", "enum": ["name", "count"], "default": "name"}


def test_the_bytes_are_stated_with_their_types_and_headers(document: dict[str, Any]) -> None:
    responses = document["paths"][f"{IMAGE}/file"]["get"]["responses"]
    types = {"image/jpeg", "image/png", "image/gif", "image/webp"}
    assert set(responses["200"]["content"]) == set(responses["206"]["content"]) == types
    headers = {
        "ETag",
        "Last-Modified",
        "Cache-Control",
        "Content-Length",
        "Content-Disposition",
        "X-Content-Type-Options",
    }
    assert set(responses["200"]["headers"]) > headers
    assert "Content-Range" in responses["206"]["headers"]
    assert set(responses["304"]["headers"]) == {"ETag", "Cache-Control"}
    assert "Content-Range" in responses["416"]["headers"]
    assert "Location" in document["paths"]["/api/v1/images"]["post"]["responses"]["201"]["headers"]
    assert "Retry-After" in responses["503"]["headers"]


def test_the_page_works_offline(client: FlaskClient) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    assert "://" not in page.text
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4  # an icon, the styles, Swagger UI, and the script that starts it
    for link in links:
        with client.get(link) as answer:
            assert answer.status_code == 200
    assert "/api/v1/openapi.json" in page.text
