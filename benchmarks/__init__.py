"""`make bench`: measure the speed of the board, as ratios to floors from the same run.

A floor is the least work of the same kind that the same database, store or web server can do. Absolute times depend on
the machine and its load. Ratios to floors that are measured in turns are comparable.
"""
