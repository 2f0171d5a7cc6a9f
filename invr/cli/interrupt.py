"""Interrupts of an encode: the first lets what is under work be finished and kept, the second stops at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class ParkedError(BaseException):
    """An encode was interrupted, and what it had under work is kept; no Exception, so that no library swallows it."""


@contextmanager
def parked_by_interrupt(say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Within the context the first SIGINT is only told by what is yielded; a second one does what it did before."""
    interrupted = False
    before = signal.getsignal(signal.SIGINT)

    def park(_number: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        signal.signal(signal.SIGINT, before)
        say("interrupted: the chunks under work are finished and kept; once more stops at once")

    signal.signal(signal.SIGINT, park)
    try:
        yield lambda: interrupted
    except KeyboardInterrupt:
        raise ParkedError from None
    finally:
        signal.signal(signal.SIGINT, before)
