"""The documents: their links, and the limits of the README."""

import re

from tests.servers import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def anchors(text: str) -> set[str]:
    """Return the anchors of a document, as GitHub makes them from its headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?ms)^```.*?^```", "", text))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_of_a_document_leads_somewhere() -> None:
    links = [(document, link) for document in DOCUMENTS for link in re.findall(r"\]\(([^)]+)\)", document.read_text())]
    assert len(links) > 30
    for document, link in links:
        if not link.startswith(("http://", "https://")):
            name, _, anchor = link.partition("#")
            target = document.parent / name if name else document
            assert target.exists(), f"{document.name}: {link}"
            assert not anchor or anchor in anchors(target.read_text()), f"{document.name}: {link}"


# Their bash blocks are run by test_tour.py, test_client_document.py and test_backup.py.
RUN = {"README.md", "docs/cli.md", "docs/operating.md", "docs/tour.md"}


def test_every_command_of_a_document_is_run_or_says_why_it_is_not() -> None:
    for document in DOCUMENTS:
        name, text = str(document.relative_to(ROOT)), document.read_text()
        for comment, language in re.findall(r"(<!-- [^\n]+ -->\n)?^```(\w*)\n.*?^```$", text, re.MULTILINE | re.DOTALL):
            if language == "bash":
                assert name in RUN, name
            elif not language:
                assert re.match("<!-- (tested by tests/|not tested: )", comment), name


def test_the_readme_is_short_and_links_to_every_other_document() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) <= 160
    for document in DOCUMENTS:
        assert document.name == "README.md" or f"({document.relative_to(ROOT)})" in readme
