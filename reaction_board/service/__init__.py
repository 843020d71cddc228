"""The operations of the board, for its routes and commands. They keep the database and the object store consistent.

An upload stores the bytes before their record becomes visible. A delete removes the record and notes a pending delete
in the same transaction, and then deletes the bytes. So a visible record never names missing bytes, whatever fails in
between. A failure can leave an object without a record: `check` finds the object of a failed upload, and the board
retries a pending delete. Every operation that changes the object of some content holds the lock on that content until
its transaction ends. The lock works across all workers and machines.
"""
