"""The decoder: a program of its own that looks at untrusted pictures, so that the server does not have to.

The server starts it as `python -m reaction_board_decoder`, sends it one open file at a time, and kills it when it takes
too long. It inherits none of the server's credentials, connections or files, and its answers are JSON and plain bytes.
"""
