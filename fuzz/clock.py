"""A bound on the processor's time that one input may take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail where the block takes more than `seconds` of the processor."""
    start = time.thread_time()
    yield
    took = time.thread_time() - start
    assert took <= seconds, f"took {took:.3f} seconds of the processor"
