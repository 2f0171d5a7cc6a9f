"""Workers on a Ray cluster (https://docs.ray.io): the same jobs, wherever it has a processor."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

from inrv_format.errors import BackendError, InrvError, UnsupportedError

from invr.device import prepare_device, translated_backend
from invr.workers.base import RETRIES, Done, Job, Task, Told, WorkerError, ignore

try:
    import ray
    import ray.exceptions
except ImportError as error:
    raise UnsupportedError("--workers ray needs Ray: pip install 'invr[ray]'") from error


class RayWorkers:
    """As many as the cluster at `address` has processors, as Workers do; a cluster of this machine where it is None.

    Arguments travel through the cluster's object store. Tasks of lost nodes are tried again by Ray. Jobs tell nothing
    while they last.
    """

    def __init__(self, address: str | None) -> None:
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise BackendError(f"--workers ray: {str(error).splitlines()[0]}") from error
        self.count = max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]

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
        del told
        remote = ray.remote(num_cpus=1, max_retries=RETRIES)(_call)
        source, ended, following = enumerate(tasks), False, 0
        results: dict[int, Any] = {}
        names: dict[int, str] = {}
        running: dict[Any, int] = {}
        while True:
            while not (ended or stopping()) and len(running) <= self.count:
                number, task = next(source, (-1, None))
                if task is None:
                    ended = True
                elif isinstance(task, Done):
                    results[number] = task.result
                else:
                    names[number] = task.name
                    running[remote.remote(job, ray.put(task.argument()))] = number
            while following in results:
                yield results.pop(following)
                following += 1
            if running:
                ready, _ = ray.wait(list(running))
                number = running.pop(ready[0])
                results[number] = _result(ready[0], names.pop(number))
                done(number, results[number])
            elif ended or stopping():
                return

    def close(self) -> None:
        """Leave the cluster."""
        ray.shutdown()


def _call(job: Job, argument: Any) -> Any:
    """The job's result, or the error that is meant for a user, as a value: Ray wraps what is raised."""
    prepare_device("cpu", 1)
    try:
        with translated_backend():
            return job(deepcopy(argument), ignore)  # arrays in the object store cannot be written to
    except InrvError as error:
        return error


def _result(reference: Any, name: str) -> Any:
    try:
        result = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise WorkerError(f"{name}:\n{error}") from error
    except ray.exceptions.RayError as error:
        raise BackendError(f"{name}: {str(error).splitlines()[0]}") from error
    if isinstance(result, InrvError):
        raise result
    return result
