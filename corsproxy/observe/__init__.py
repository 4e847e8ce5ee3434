"""REPORTS: reads exchanges, changes nothing.

Rule 1: nothing here is on the way of a request; an observer that fails fails alone.
Rule 2: no octet that a client or an upstream sent reaches a log unescaped, and no secret at all.
"""
