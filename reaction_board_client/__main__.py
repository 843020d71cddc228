"""`python -m reaction_board_client`: the same as `reaction-board`."""

from reaction_board_client.cli import main

if __name__ == "__main__":
    main(prog_name="reaction-board")
