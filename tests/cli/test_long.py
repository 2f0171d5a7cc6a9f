"""Encodes that are killed, interrupted, fed by a pipe, done in parts or gone on with later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toys import toy_clip

SETTINGS = ("--chunk-frames", "2", "-p", "fast")


def started(*arguments, **options):
    command = [sys.executable, "-m", "invr", *map(str, arguments)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, **pipes | options)


def invr(*arguments, **options):
    done = started(*arguments, **options)
    out, error = done.communicate(timeout=300)
    return done.returncode, out, error.decode()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Eight frames, in four chunks, with sound."""
    return toy_clip(tmp_path_factory.mktemp("clip"), frames=8, rate_hz=8000)


@pytest.fixture(scope="module")
def whole(clip, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "whole.inrv"
    code, _, error = invr("encode", clip, "-o", path, *SETTINGS, "--steps", "50")
    assert code == 0, error
    return path


def wait_for(journal, records, process):
    """Until the journal is longer than so many chunks could make it with ease."""
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 300 * records + 40):
        time.sleep(0.01)
    assert process.poll() is None


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_encode_goes_on_to_the_same_bytes(clip, whole, tmp_path, workers):
    path, arguments = tmp_path / "out.inrv", (*SETTINGS, "--steps", "50", "--workers", workers)
    process = started("encode", clip, "-o", path, *arguments)
    wait_for(tmp_path / "out.inrv.journal", 1, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not path.exists()
    code, _, error = invr("encode", clip, "-o", path, *arguments, "-v")
    assert code == 0 and "going on with" in error and "of an earlier start" in error
    assert path.read_bytes() == whole.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["out.inrv"]


def test_the_first_interrupt_finishes_the_chunk_under_work(clip, whole, tmp_path):
    path, arguments = tmp_path / "out.inrv", (*SETTINGS, "--steps", "50", "--workers", "1")
    process = started("encode", clip, "-o", path, *arguments)
    wait_for(tmp_path / "out.inrv.journal", 1, process)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "are finished and kept" in error.decode()
    assert "the same command goes on" in error.decode().splitlines()[-1]
    assert invr("encode", clip, "-o", path, *arguments)[0] == 0
    assert path.read_bytes() == whole.read_bytes()


def test_the_second_interrupt_stops_at_once(clip, tmp_path):
    path, progress = tmp_path / "out.inrv", tmp_path / "progress"
    long = ("--steps", "8000", "--workers", "1", "--progress", progress)
    with started("encode", clip, "-o", path, *SETTINGS, *long) as process:
        while not (progress.exists() and "step=" in progress.read_text()):  # a fit is under work
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = next(line for line in process.stderr if b"interrupted" in line)
        assert b"the chunks under work are finished and kept" in said
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().decode().splitlines()[-1] == "invr: interrupted"
        assert process.wait(60) == 130
    assert not path.exists()


def test_workers_die_with_their_encode(clip, tmp_path):
    path = tmp_path / "out.inrv"
    process = started("encode", clip, "-o", path, *SETTINGS, "--steps", "1000000", "--workers", "2")
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    if not os.path.exists(children):
        process.kill()
        pytest.skip("this system does not list the children of a process")
    while len(pids := Path(children).read_text().split()) < 3:  # a resource tracker and two workers
        time.sleep(0.05)
    time.sleep(3.0)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 60
    while any(os.path.exists(f"/proc/{pid}") for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.1)


Y4M = b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\n"
Y4M_FRAME = b"FRAME\n" + bytes(range(256)) * 18
PIPED = ("encode", "-", "-o", "-", "--chunk-frames", "8", "-p", "fast", "--workers", "1")


def test_a_pipe_gives_chunks_before_the_source_ends():
    with started(*PIPED, "--steps", "1", stdin=subprocess.PIPE) as process:
        process.stdin.write(Y4M + 60 * Y4M_FRAME)
        process.stdin.flush()
        assert b"CHNK" in process.stdout.read(400)  # header, stream, tags, and the beginning of a chunk
        process.stdin.write(20 * Y4M_FRAME)
        process.stdin.close()
        assert process.stdout.read().endswith(b"INRE")
        process.stderr.read()


def test_a_source_that_is_faster_than_the_fit_is_held_up():
    with started(*PIPED, "--steps", "1000000", stdin=subprocess.PIPE) as process:
        os.set_blocking(process.stdin.fileno(), False)
        taken, since = 0, time.monotonic()
        waiting = Y4M + 4000 * Y4M_FRAME
        # what the pipe alone holds is no sign that anybody reads
        while (taken <= 1 << 16 or time.monotonic() - since < 10.0) and taken < len(waiting):
            try:
                taken += os.write(process.stdin.fileno(), waiting[taken : taken + 4096])
                since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.05)
        process.kill()
        process.communicate()
    # two chunks of 8 frames and what FFmpeg, Python and the pipe buffer; 18 MB were there
    assert 16 * len(Y4M_FRAME) < taken < 120 * len(Y4M_FRAME)


def test_a_part_is_named_by_its_chunks(clip, tmp_path):
    code, _, error = invr(
        "encode", clip, "-o", tmp_path / "p.inrv", *SETTINGS, "--steps", "5", "--chunks", "1:3", "-v"
    )
    assert code == 0 and "2 chunks | 4 frames" in error
    code, _, error = invr("encode", clip, "-o", tmp_path / "q.inrv", "--chunks", "3:3")
    assert code == 2 and "--chunks 3:3" in error


def test_refine_makes_a_file_better_in_no_more_bytes(clip, tmp_path):
    path = tmp_path / "f.inrv"
    invr("encode", clip, "-o", path, *SETTINGS, "--steps", "25")
    before = path.stat().st_size
    code, _, error = invr("refine", path, "--source", clip, "--steps", "25")
    assert code == 0 and "chunks better" in error
    assert path.stat().st_size <= before
    assert invr("test", path)[0] == 0


def test_refine_wants_the_source(clip, whole, tmp_path):
    code, _, error = invr("refine", whole)
    assert code == 2 and "--source" in error
    other = toy_clip(tmp_path, frames=6)
    code, _, error = invr("refine", whole, "--source", other, "-o", tmp_path / "r.inrv", "--steps", "1")
    assert code == 3 and "chunk 3" in error
