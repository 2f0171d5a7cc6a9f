"""What a worker process does: one job after the other, and a sign of life every second."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from enum import IntEnum
from multiprocessing.connection import Connection
from typing import Any

from inrv_format.errors import InrvError

from invr.device import prepare_device, translated_backend

BEAT_S = 1.0


class Word(IntEnum):
    """What a worker says: it is free, it lives (with its processor seconds), how far a job is, or how one ended."""

    READY = 0
    ALIVE = 1
    TOLD = 2
    DONE = 3
    REFUSED = 4
    FAILED = 5


class _Line:
    """The way back to the one who gives the jobs; ends this process where that one has gone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def say(self, word: Word, *rest: Any) -> None:
        """Send a word and what belongs to it."""
        try:
            with self._lock:
                self._connection.send((word, *rest))
        except (BrokenPipeError, ConnectionResetError):
            os._exit(1)  # there is nobody left to whom an exception would mean something


def serve(connection: Connection, threads: int) -> None:
    """Do what comes along `connection`, (job, argument), until it is closed; nothing else may stop it but a kill."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare_device("cpu", threads)
    line = _Line(connection)
    threading.Thread(target=_beat, args=(line,), daemon=True).start()
    line.say(Word.READY)
    while True:
        try:
            job, argument = connection.recv()
        except (EOFError, ConnectionResetError):
            return
        line.say(*_outcome(job, argument, line))


def _beat(line: _Line) -> None:
    while True:
        line.say(Word.ALIVE, time.process_time())
        time.sleep(BEAT_S)


def _outcome(job: Any, argument: Any, line: _Line) -> tuple[Any, ...]:
    try:
        with translated_backend():
            return Word.DONE, job(argument, lambda *state: line.say(Word.TOLD, *state))
    except (InrvError, MemoryError, OSError) as error:
        return Word.REFUSED, error
    except Exception:  # a bug: its traceback is all that can be sent
        return Word.FAILED, traceback.format_exc()
