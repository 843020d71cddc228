"""The command line client of the Reaction Image Board. It uses only the board's public API."""
