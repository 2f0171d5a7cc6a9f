"""Faults in the middle of a command: the right exit code, one line, and the earlier output as it was."""

from __future__ import annotations

import itertools
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from faults import full_disk, short_memory
from inrv_format.errors import BackendError
from toys import toy_clip

import invr.encoder
from invr.cli import main
from invr.config import FitConfig
from invr.workers.here import HereWorkers

# An error between the making of a file object and the `with` that it was made for.
closed_by_python = pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
EARLIER = b"what was there before"
ENCODE = ("--steps", "1", "-p", "fast", "--chunk-frames", "2", "--workers", "1", "-j", "1", "-y", "-q")
REFINE = ("--source", "{clip}", "--steps", "2", "--workers", "1", "-y", "-q")
COMMANDS = {
    "encode": (".inrv", ("encode", "{clip}", "-o", "{out}", *ENCODE)),
    "decode": (".mkv", ("decode", "{coded}", "-o", "{out}", "-y", "-q")),
    "wav": (".wav", ("decode", "{coded}", "-o", "{out}", "-y", "-q")),
    "cat": (".inrv", ("cat", "{coded}", "{coded}", "-o", "{out}", "-y", "-q")),
    "repair": (".inrv", ("repair", "{coded}", "-o", "{out}", "-y", "-q")),
    "thumbs": (".png", ("thumbs", "{coded}", "-o", "{out}", "-y", "-q", "--count", "2")),
    "refine": (".inrv", ("refine", "{coded}", "-o", "{out}", *REFINE)),
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Six frames, in three chunks, with sound."""
    return toy_clip(tmp_path_factory.mktemp("clip"), frames=6, rate_hz=8000)


@pytest.fixture(scope="module")
def coded(clip, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("coded") / "coded.inrv"
    config = replace(invr.PRESETS["fast"].config, fit=FitConfig(steps=1))
    invr.encode(clip, path, config, invr.ReadConfig(chunk_frames=2))
    return path


@pytest.fixture
def command(clip, coded, tmp_path, monkeypatch, capsys):
    """Runs one of the commands over a file that exists; gives its exit code, what it said, and the folder's files."""

    def exit_code(name):
        suffix, _ = COMMANDS[name]
        out = tmp_path / f"out{suffix}"
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        out.write_bytes(EARLIER)
        return resume(name)

    def resume(name):
        suffix, words = COMMANDS[name]
        names = {"clip": clip, "coded": coded, "out": tmp_path / f"out{suffix}"}
        monkeypatch.setattr("sys.argv", ["invr", *(word.format(**names) for word in words)])
        code = main._exit_code()
        said = capsys.readouterr()
        files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        return code, said.out + said.err, files

    exit_code.resume = resume
    return exit_code


def check_kept(name, found, code, text):
    """Code, one line, and of files the earlier one and a journal at most."""
    out = f"out{COMMANDS[name][0]}"
    assert (found[0], found[1].count("\n")) == (code, 1), found[1]
    assert found[1].startswith("invr: ") and text in found[1]
    assert found[2].pop(out) == EARLIER
    assert set(found[2]) <= {f"{out}.journal"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_disk_that_is_full_at_any_write(command, monkeypatch, name):
    with full_disk(monkeypatch) as disk:
        code, said, whole = command(name)
    assert (code, said) == (0, "") and disk.writes
    for number in range(1, disk.writes + 1):
        with full_disk(monkeypatch, number):
            check_kept(name, command(name), 8, "No space left on device")
        if name == "encode":
            assert command.resume(name) == (0, "", whole)


def numbers(total):
    """2, 3, 4 and so on, ever less dense; 1 is the call that turns errors into lines."""
    return sorted({1 + round(1.35**k) for k in itertools.takewhile(lambda k: 1.35**k < total, itertools.count())})


@closed_by_python
@pytest.mark.parametrize("name", COMMANDS)
def test_memory_that_is_short_at_any_call(command, name):
    with short_memory() as calls:
        code, said, _ = command(name)
    assert (code, said) == (0, "") and calls[0] > 500
    for number in numbers(0.9 * calls[0]):  # then the output is being named
        with short_memory(number):
            found = command(name)
        check_kept(name, found, 6, "not enough memory")


@pytest.mark.slow
@closed_by_python
@pytest.mark.parametrize("name", COMMANDS)
def test_memory_that_is_short_at_each_of_500_calls(command, name):
    for number in range(2, 502):
        with short_memory(number):
            found = command(name)
        check_kept(name, found, 6, "not enough memory")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_worker_that_fails_over_any_chunk(command, monkeypatch, number):
    _, _, whole = command("encode")

    class Failing(HereWorkers):
        def map(self, job, tasks, **options):
            results = super().map(job, tasks, **options)
            yield from itertools.islice(results, number)
            raise BackendError(f"chunk {number}: a worker died (exit code 1), 3 times in all")

    with monkeypatch.context() as patch:
        patch.setattr(invr.encoder, "open_workers", lambda *_: nullcontext(Failing()))
        found = command("encode")
    assert (f"out.inrv{'.journal'}" in found[2]) == (number > 0)
    check_kept("encode", found, 9, f"chunk {number}: a worker died")
    assert command.resume("encode") == (0, "", whole)
