"""The decoder: a separate program that reads untrusted pictures, so that the server does not have to.

The server starts the decoder as `python -m reaction_board_decoder`, sends it one open file at a time, and kills it when
a job takes too long. The decoder inherits none of the server's credentials, connections or files. Its answers are JSON
and plain bytes.
"""
