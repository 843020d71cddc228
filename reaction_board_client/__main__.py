"""`reaction-board`, and `python -m reaction_board_client`."""

import sys


def run() -> None:
    """Run the command line. Loading it takes a moment; an interruption meanwhile ends the program quietly, too."""
    try:
        from reaction_board_client.cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    main(prog_name="reaction-board")


if __name__ == "__main__":
    run()
