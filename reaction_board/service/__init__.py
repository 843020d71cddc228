"""What the board does for its routes and commands: here the database and the object store are put in order.

Bytes are stored before their record becomes visible, and deleted before it is forgotten. So whatever fails in between,
a visible record never names bytes that were not stored; what can remain is an object without a record. Everything that
changes the object of some content holds the lock of that content, which works across all workers and machines, until
its transaction ends.
"""
