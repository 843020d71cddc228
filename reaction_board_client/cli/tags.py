"""`reaction-board tags` and `reaction-board tag-alias`."""

import click

from reaction_board_client.cli.options import TAG, TAGS, board_options, examples
from reaction_board_client.cli.session import open_board
from reaction_board_client.path_tags import split
from reaction_board_client.records import Tag
from reaction_board_client.terminal import json_line, printable


@click.command(epilog=examples("tags palm", "tags --with cat"))
@click.argument("match", default="")
@click.option(
    "--with",
    "together_with",
    type=TAGS,
    default="",
    help="List the other tags of the newest 1000 images with all of these tags, and how many of them have each.",
)
@board_options
def tags(match: str, together_with: str, url: str, as_json: bool) -> None:
    """List tags, and how many images have each.

    Without MATCH, all tags are listed by name, without aliases; `| sort -n` sorts them by number. With MATCH, the tags
    and aliases that contain it are listed, the best matches first. An alias is listed with the tag that it stands for:
    lol → laughing.
    """
    if match and together_with:
        raise click.UsageError("Give either MATCH or --with.")
    with open_board(url) as api:
        tag = None
        for tag in api.tags(match, together_with):
            name = f"{tag['alias']} → {tag['name']}" if "alias" in tag else tag["name"]
            click.echo(json_line(tag) if as_json else f"{tag.get('together', tag['image_count'])}\t{name}")
        if tag is None:
            click.echo(printable(_nothing(match, together_with)), err=True)


def _nothing(match: str, together_with: str) -> str:
    if together_with:
        return f"No other tag goes with {together_with}."
    return f"No tag or alias contains {match!r}." if match else "The board has no tags."


@click.command(epilog=examples("tag-alias laughing lol haha", "tag-alias laughing --add rofl --remove haha"))
@click.argument("name", type=TAG)
@click.argument("aliases", metavar="[ALIAS]...", nargs=-1, type=TAG)
@click.option("--add", type=TAGS, default="", help="Aliases to add, for example lol,haha.")
@click.option("--remove", type=TAGS, default="", help="Aliases to remove.")
@board_options
def tag_alias(name: str, aliases: tuple[str, ...], add: str, remove: str, url: str, as_json: bool) -> None:
    """Show or change the aliases of a tag.

    The given aliases replace all aliases of the tag. With --add and --remove, the others stay. Without any of these,
    the aliases are listed, one per line. An alias counts wherever a tag is given; images always show the tag. A tag
    that images have cannot become an alias like this: use tag-merge.
    """
    changes = bool(add or remove)
    if aliases and changes:
        raise click.UsageError("Give either all aliases, or --add and --remove.")
    with open_board(url) as api:
        tag = before = api.tag(name)
        if aliases:
            tag = api.set_aliases(name, aliases)
        elif changes:
            others = [alias for alias in before["aliases"] if alias not in split(remove)]
            tag = api.set_aliases(name, [*others, *split(add)])
    _print_aliases(tag, as_json)
    if removed := [alias for alias in before["aliases"] if alias not in tag["aliases"]]:
        click.echo(f"No longer aliases of {tag['name']}: {', '.join(removed)}", err=True)


def _print_aliases(tag: Tag, as_json: bool) -> None:
    if as_json:
        click.echo(json_line(tag))
    else:
        for alias in tag["aliases"]:
            click.echo(f"{alias} → {tag['name']}")
