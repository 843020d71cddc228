"""`reaction-board tag`."""

from uuid import UUID

import click

from reaction_board_client.cli.options import board_options
from reaction_board_client.cli.session import open_board, print_image


@click.command()
@click.argument("ids", nargs=-1, required=True, type=click.UUID)
@click.option("--add", default="", help="Tags to add to each image, for example cat,funny.")
@click.option("--remove", default="", help="Tags to remove from each image.")
@board_options
def tag(ids: tuple[UUID, ...], add: str, remove: str, url: str, as_json: bool) -> None:
    """Add tags to images and remove others.

    Images are changed in batches of 100. If one of a batch is refused, none of that batch is changed.
    """
    with open_board(url) as api:
        for image in api.change_tags([str(image_id) for image_id in ids], _tags(add), _tags(remove)):
            print_image(image, as_json)


def _tags(text: str) -> list[str]:
    return [name for name in text.split(",") if name.strip()]
