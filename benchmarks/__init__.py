"""How fast the board is, as ratios to floors that are taken in the same run: `make bench`.

Absolute times depend on the machine and its mood; a ratio to what the same database, store or web server needs for the
least that could do, measured in turn with it, holds.
"""
