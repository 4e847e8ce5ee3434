"""Fuzzing: whatever comes is accepted, or refused as documented, and never anything else.

Each harness is a module with `seeds()`, `TOKENS` and either `check(data)` or, where sockets are
needed, `serve()`, an async context manager that gives such a function for each of its workers.
`check` returns whether the input was accepted, and raises where it broke the law of its harness.
"""
