"""What every kind of workers offers: an ordered map over tasks, lazily and with bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

# A task whose worker is lost is given to another one so often.
RETRIES = 2

# A picklable function of a module: it gets an argument, and a function to which it tells how far it is.
Job = Callable[[Any, Callable[..., None]], Any]
# Gets the number of a task and what its job told.
Told = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done: `name` is for messages, `argument` gives what the job gets, just before it starts."""

    name: str
    argument: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Done:
    """A result that is there already, in the place of a task."""

    result: Any


class WorkerError(Exception):
    """A job failed by a bug; the message is its traceback."""


class Workers(Protocol):
    """Where jobs are done; a context manager. `count` of them at once."""

    count: int

    def map(
        self,
        job: Job,
        tasks: Iterable[Task | Done],
        *,
        told: Told,
        done: Callable[[int, Any], None],
        stopping: Callable[[], bool],
    ) -> Iterator[Any]:
        """Results in the order of `tasks`, which are counted from 0 and taken only as there is somebody for them:
        at most `count` under work and one that waits.

        `done` gets each result as soon as it is there. Once `stopping` says so no further task is begun, and the
        iterator ends where a task was not. Raises what the job raises, and BackendError for a task whose workers were
        lost more than RETRIES times.
        """

    def close(self) -> None:
        """Stop at once."""


def ignore(*_: object) -> None:
    """Take no notice of what is told."""


def never() -> bool:
    """Do not stop."""
    return False
