"""The English that people read: constructions that have to be decoded. `make lint` checks the spelling."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tests.servers import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
PACKAGES = ("reaction_board", "reaction_board_client", "reaction_board_decoder")
CODE = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
PAGE = [path for kind in ("*.js", "*.html", "*.css") for path in (ROOT / "reaction_board/web").rglob(kind)]
PAGE = [path for path in PAGE if "swagger-ui" not in path.parts]
TESTS = [*(ROOT / "tests").rglob("*.py")]

# What has to be decoded, and what to write instead.
BANNED = {
    r"(?i)\bwhoever\b": "name the subject",
    r"(?m)(?:^|[.;:] )Who \w+(?! .*\?)": "name the subject",
    r"\b[Ww]hat (?:it|they|he|she) ha(?:s|ve) not\b": "a missing …",
    r"\b[Ss]o many (?:at|of)\b": "name the number",
    r"\bha(?:s|ve) (?:it|them) not\b": "does not have",
    r"\bnobody (?:minds|asks for)\b": "is not needed",
    r"\bgiven? away\b": "assign",
    r"\blets? pass\b": "allow",
    r"\banew\b": "again",
    r"\bgone through\b": "walked",
    r"\bmet twice\b": "listed twice",
    r"\bas any (?:client|other)\b": "like any other",
    r"\bin the stead of\b": "instead of",
    r"^(?:of )?(?:many )?who \w+(?! .*\?)": "name the subject",  # as the name of a test begins
    r"\b(?:is|are) told\b": "is reported, or says",
}


def names_of_tests(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name.removeprefix("test_").replace("_", " ")


def comments_and_docstrings(source: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def test_sentences_need_no_decoding() -> None:
    found = []
    for path in [*DOCUMENTS, *CODE, *PAGE, *TESTS]:
        texts = [path.read_text()]
        if path.suffix == ".py":
            texts = [*(names_of_tests if path in TESTS else comments_and_docstrings)(texts[0])]
        for pattern, instead in BANNED.items():
            matches = (match for text in texts for match in re.finditer(pattern, text))
            found += [(str(path.relative_to(ROOT)), match[0], instead) for match in matches]
    assert found == []
