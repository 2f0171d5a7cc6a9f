"""One worker: this very process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from invr.workers.base import Done, Job, Task, Told


class HereWorkers:
    """Does one task after the other, as Workers do."""

    count = 1

    def map(
        self,
        job: Job,
        tasks: Iterable[Task | Done],
        *,
        told: Told,
        done: Callable[[int, Any], None],
        stopping: Callable[[], bool],
    ) -> Iterator[Any]:
        """As Workers say."""
        for number, task in enumerate(tasks):
            if isinstance(task, Done):
                yield task.result
                continue
            if stopping():
                return
            result = job(task.argument(), partial(told, number))
            done(number, result)
            yield result

    def close(self) -> None:
        """Nothing goes on."""
