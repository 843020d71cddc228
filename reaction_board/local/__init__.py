"""The board on one machine: PostgreSQL and an object store from wheels, and `make run`.

Both run as children of this process, on loopback, with random credentials.
"""
