"""What the board does for its routes and commands: here the database and the object store are put in order.

Bytes are stored before their record becomes visible. They are deleted after the record is, by a pending delete that the
same transaction notes. So whatever fails in between, a visible record never names bytes that are not there. What can
remain is an object without a record: of a failed upload, which `check` finds, or of a pending delete, which is tried
again. Everything that changes the object of some content holds the lock of that content until its transaction ends; the
lock works across all workers and machines.
"""
