"""DECIDES: what a request is, whether it may, and what its head looks like on the way.

Rule 1: no I/O, no clock, no logging, no await; the same input gives the same answer.
Rule 2: values are frozen; a decision returns a value with its reason and never raises to say no.
Rule 3: heads are bytes, in order, with repeats and case; only what is judged is decoded.
"""
