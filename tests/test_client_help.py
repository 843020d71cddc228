"""`reaction-board --help` and that of each command."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from reaction_board_client.cli import main
from tests.command_line import CommandLine
from tests.servers import PATIENCE, ROOT

ID = "01890000-0000-7000-8000-000000000000"


@pytest.mark.parametrize("name", main.commands)
def test_the_help_of_each_command_has_two_examples_that_are_valid(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CommandLine().done(name, "--help")
    lines = re.findall(r"^    reaction-board (.*)$", text.partition("Examples:")[2], re.MULTILINE)
    assert len(lines) == 2
    monkeypatch.chdir(tmp_path)
    Path("cat.gif").touch()
    for line in lines:
        commands = [part.split("reaction-board ")[-1] for part in line.split(" | ") if not part.startswith("jq ")]
        for command, *arguments in map(shlex.split, commands):
            read_by_xargs = [ID] if "xargs" in line and command == name else []
            words = [*(ID if word == "ID" else word for word in arguments), *read_by_xargs]
            for folder in (word for word in words if word.endswith("/")):
                Path(folder).mkdir(exist_ok=True)
            main.commands[command].make_context(command, words)
        assert name in [shlex.split(command)[0] for command in commands]


def test_each_option_says_what_it_does() -> None:
    for command in main.commands.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert re.fullmatch(r"[A-Z].*\.", parameter.help or "", re.DOTALL), (command.name, parameter.name)


def test_each_default_is_in_the_help() -> None:
    for command in main.commands.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.to_info_dict()["default"]:
                assert parameter.show_default, (command.name, parameter.name)


@pytest.mark.slow
def test_the_line_of_the_document_makes_bash_complete() -> None:
    document = (ROOT / "docs" / "cli.md").read_text()
    line = re.search(r'`(eval "\$\(_REACTION_BOARD_COMPLETE=bash_source reaction-board\)")`', document)
    assert line
    program, environment = CommandLine().program()
    path = f"{Path(program[0]).parent}:{environment['PATH']}"
    words = "COMP_WORDS=(reaction-board tag-); COMP_CWORD=1; _reaction_board_completion reaction-board"
    script = f'{line[1]}; {words}; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(
        ["bash", "-c", script],
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert (sorted(done.stdout.split()), done.stderr) == (["tag-alias", "tag-merge", "tag-rename"], "")


def test_the_script_for_fish_takes_values_with_commas() -> None:
    script = CommandLine(environment={"_REACTION_BOARD_COMPLETE": "fish_source"}).run().stdout
    assert 'string split --max 1 "," $completion' in script
