"""Workers: an ordered map that loses nothing."""

from __future__ import annotations

import time

import pytest
import toy_jobs
from inrv_format.errors import BackendError, FitError, InputError

from invr.workers import Done, Task, WorkerError, ignore, never, open_workers, worker_count
from invr.workers.here import HereWorkers
from invr.workers.local import LocalWorkers


def tasks(arguments):
    return [Task(f"task {number}", lambda value=value: value) for number, value in enumerate(arguments)]


def mapped(workers, job, given, told=ignore, done=ignore, stopping=never):
    return list(workers.map(job, given, told=told, done=done, stopping=stopping))


@pytest.fixture(scope="module")
def two():
    with open_workers("2", 2) as workers:
        yield workers


@pytest.fixture(params=["here", "two"])
def workers(request):
    return HereWorkers() if request.param == "here" else request.getfixturevalue("two")


def test_results_come_in_order(workers):
    assert mapped(workers, toy_jobs.double, tasks(range(7))) == [0, 2, 4, 6, 8, 10, 12]


def test_what_is_there_already_is_passed_on(workers):
    given = [Done("a"), *tasks([1]), Done("b")]
    assert mapped(workers, toy_jobs.double, given) == ["a", 2, "b"]


def test_jobs_tell_how_far_they_are(workers):
    heard = []
    mapped(workers, toy_jobs.double, tasks([5]), told=lambda *words: heard.append(words))
    assert heard == [(0, 5, "half way")]


def test_done_is_told_before_its_turn_comes(two):
    finished = []
    mapped(two, toy_jobs.double_late, tasks(range(3)), done=lambda number, _: finished.append(number))
    assert sorted(finished) == [0, 1, 2] and finished[-1] == 0


def test_an_error_of_a_fit_is_that_of_its_job(workers):
    with pytest.raises(FitError, match="fit 3 diverged"):
        mapped(workers, toy_jobs.diverge, tasks([3]))


def test_a_bug_shows_its_traceback(two):
    with pytest.raises(WorkerError, match=r"task 0:\n(.|\n)*ZeroDivisionError"):
        mapped(two, toy_jobs.stumble, tasks([1]))


def test_no_more_is_taken_than_there_is_room_for(two):
    taken, done = [], []

    def source():
        for number in range(12):
            taken.append(number)
            assert len(taken) - len(done) <= two.count + 1
            yield Task(str(number), lambda number=number: number)

    assert len(mapped(two, toy_jobs.double, source(), done=lambda number, _: done.append(number))) == 12


def test_stopping_finishes_what_is_under_work(workers):
    done = []
    found = mapped(
        workers,
        toy_jobs.double,
        tasks(range(50)),
        done=lambda number, _: done.append(number),
        stopping=lambda: bool(done),
    )
    assert 1 <= len(found) <= len(done) <= workers.count + 1


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_worker_that_dies_is_replaced(two, tmp_path, deaths):
    given = tasks([(str(tmp_path), number, deaths if number == 1 else 0) for number in range(3)])
    assert mapped(two, toy_jobs.die_until, given) == [0, 1, 2]


def test_a_task_that_kills_every_worker_is_named(two, tmp_path):
    with pytest.raises(BackendError, match=r"task 1: a worker died \(signal 9\), 3 times in all"):
        mapped(two, toy_jobs.die_until, tasks([(str(tmp_path), number, 9 * number) for number in range(2)]))


def test_a_worker_that_hangs_is_replaced(tmp_path):
    workers = LocalWorkers(1, hang_s=4.0)
    try:
        started = time.monotonic()
        assert mapped(workers, toy_jobs.hang_once, tasks([(str(tmp_path), 8)])) == [8]
        assert time.monotonic() - started > 3.0
    finally:
        workers.close()


def test_auto_is_a_worker_for_each_thread():
    assert worker_count("auto", 3) == 3
    assert worker_count("5", 3) == 5
    assert worker_count("auto", 3, "cuda") == 1
    assert worker_count("2", 3, "cuda") == 2


@pytest.mark.parametrize("text", ["0", "-1", "many", "1025", "raymond"])
def test_other_numbers_are_refused(text):
    with pytest.raises(InputError, match="--workers"):
        worker_count(text, 1)
