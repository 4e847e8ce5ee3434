"""CARRIES: the only package that talks HTTP.

Rule 1: bytes in, the same bytes out; what changes is decided in `core.heads`.
Rule 2: foreign exceptions become `GatewayError` where they arise: around the upstream's awaits.
Rule 3: once a response's head is out, a failure cuts the connection; nothing is ended cleanly.
"""
