"""Worker processes on this machine: spawned when there is something to do, replaced when they are lost."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from inrv_format.errors import BackendError

from invr.workers.base import RETRIES, Done, Job, Task, Told, WorkerError
from invr.workers.serve import Word, serve

TICK_S = 1.0
# A worker that has used less of a processor than ALIVE_S within so many seconds hangs.
HANG_S = 120.0
ALIVE_S = 0.05
# One that has not started by then neither.
START_S = 120.0
# Results that wait for an earlier one; they are small.
MOST_RESULTS = 256


@dataclass(slots=True)
class _Given:
    """A task, its number, and how many workers were lost over it."""

    number: int
    task: Task
    losses: int = 0


@dataclass(slots=True)
class _Worker:
    """A process, the way to it, and for how long it has given no sign of work."""

    process: BaseProcess
    connection: Connection
    ready: bool = False
    given: _Given | None = None
    cpu_s: float = 0.0
    silent_s: float = 0.0


@dataclass(slots=True)
class _Round:
    """One call of `map`: what is done with tasks, which of them wait, and results by number."""

    job: Job
    told: Told
    done: Callable[[int, Any], None]
    waiting: deque[_Given] = field(default_factory=deque)
    results: dict[int, Any] = field(default_factory=dict)


class LocalWorkers:
    """`count` processes with `threads` each, as Workers do; one that dies, or hangs for `hang_s`, is replaced."""

    def __init__(self, count: int, threads: int = 1, *, hang_s: float = HANG_S) -> None:
        self.count = count
        self._threads = threads
        self._hang_s = hang_s
        self._workers: list[_Worker] = []
        self._idle_losses = 0
        self._looked = time.monotonic()

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
        this, source = _Round(job, told, done), enumerate(tasks)
        following, ended = 0, False
        while True:
            while not (ended or stopping()) and self._has_room(this):
                ended = not _take(source, this)
            while following in this.results:
                yield this.results.pop(following)
                following += 1
            if stopping():
                this.waiting.clear()
            if this.waiting:
                self._hand_over(this)
            elif not self._under_work():
                if ended or stopping():
                    return
                continue
            self._listen(this)

    def close(self) -> None:
        """Kill all of them."""
        for worker in self._workers:
            _end(worker)
        self._workers.clear()

    def _under_work(self) -> int:
        return sum(worker.given is not None for worker in self._workers)

    def _has_room(self, this: _Round) -> bool:
        return len(this.waiting) + self._under_work() <= self.count and len(this.results) < MOST_RESULTS

    def _hand_over(self, this: _Round) -> None:
        """Give what waits to whoever is free; start another worker where nobody is."""
        for worker in [each for each in self._workers if each.ready]:
            if not this.waiting:
                return
            worker.given, worker.ready, worker.silent_s = this.waiting.popleft(), False, 0.0
            try:
                worker.connection.send((this.job, worker.given.task.argument()))
            except (BrokenPipeError, ConnectionResetError):
                self._lose(worker, this, "died")
        starting = sum(not worker.ready and worker.given is None for worker in self._workers)
        for _ in range(min(self.count - len(self._workers), len(this.waiting) - starting)):
            self._workers.append(_start(self._threads))

    def _listen(self, this: _Round) -> None:
        """Wait for a word of anybody, a tick long; what is said, and what is not, has its consequences."""
        by_connection = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(by_connection), TICK_S):
            worker = by_connection[connection]  # type: ignore[index]
            try:
                word, *rest = worker.connection.recv()
            except (EOFError, ConnectionResetError):
                self._lose(worker, this, "died")
            else:
                self._hear(worker, this, word, rest)
        # no more than a tick counts, so that a machine that slept finds its workers where they were
        now, before = time.monotonic(), self._looked
        self._looked = now
        for worker in list(self._workers):
            worker.silent_s += min(now - before, TICK_S)
            patience_s = self._hang_s if worker.given else START_S
            if worker.silent_s > patience_s and not worker.ready:
                self._lose(worker, this, f"did nothing for {patience_s:.0f} s")

    def _hear(self, worker: _Worker, this: _Round, word: Word, rest: list[Any]) -> None:
        given = worker.given
        if word is Word.ALIVE:
            if rest[0] - worker.cpu_s >= ALIVE_S:
                worker.cpu_s, worker.silent_s = rest[0], 0.0
            return
        worker.silent_s = 0.0
        if word is Word.READY:
            worker.ready = True
            return
        assert given is not None
        if word is Word.TOLD:
            this.told(given.number, *rest)
            return
        worker.given, worker.ready = None, True
        if word is Word.REFUSED:
            raise rest[0]
        if word is Word.FAILED:
            raise WorkerError(f"{given.task.name}:\n{rest[0]}")
        this.results[given.number] = rest[0]
        this.done(given.number, rest[0])

    def _lose(self, worker: _Worker, this: _Round, why: str) -> None:
        """Take a worker out; its task goes first to the next one that is free."""
        _end(worker)
        self._workers.remove(worker)
        given = worker.given
        if given is None:
            self._idle_losses += 1
            name, losses = "--workers", self._idle_losses
        else:
            given.losses += 1
            name, losses = given.task.name, given.losses
        if losses > RETRIES:
            raise BackendError(f"{name}: a worker {why}{_exit_text(worker)}, {losses} times in all")
        if given is not None:
            this.waiting.appendleft(given)


def _take(source: Iterator[tuple[int, Task | Done]], this: _Round) -> bool:
    """Take one more task; whether there was one."""
    found = next(source, None)
    if found is None:
        return False
    number, task = found
    if isinstance(task, Done):
        this.results[number] = task.result
    else:
        this.waiting.append(_Given(number, task))
    return True


def _start(threads: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, threads), name="invr worker", daemon=True)
    process.start()
    there.close()
    return _Worker(process, here)


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.connection.close()


def _exit_text(worker: _Worker) -> str:
    code = worker.process.exitcode
    return f" (signal {-code})" if code is not None and code < 0 else f" (exit code {code})"
