"""The whole board on one machine, for `make run`, with PostgreSQL and an object store from wheels.

The two services run as children of this process, on loopback, with random credentials.
"""
