"""`reaction-board tag`."""

from uuid import UUID

import click

from reaction_board_client.cli.options import TAGS, board_options, examples
from reaction_board_client.cli.session import open_board, print_image
from reaction_board_client.path_tags import split


@click.command(epilog=examples("tag ID ID --add cat,funny", "tag ID --add dog --remove cat"))
@click.argument("ids", nargs=-1, required=True, type=click.UUID)
@click.option("--add", type=TAGS, default="", help="Tags to add to each image, for example cat,funny.")
@click.option("--remove", type=TAGS, default="", help="Tags to remove from each image.")
@board_options
def tag(ids: tuple[UUID, ...], add: str, remove: str, url: str, as_json: bool) -> None:
    """Add tags to images and remove others.

    Images are changed in batches of 100. If one of a batch is refused, none of that batch is changed.
    """
    with open_board(url) as api:
        for image in api.change_tags([str(image_id) for image_id in ids], split(add), split(remove)):
            print_image(api.address, image, as_json)
