"""A client of the Reaction Image Board for the command line. It knows the board by its public API alone."""
