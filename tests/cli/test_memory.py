"""A longer film takes no more memory, neither to encode nor to decode."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

WIDTH, HEIGHT = 352, 288
SETTINGS = ("--steps", "1", "-p", "fast", "-q:v", "0", "--chunk-frames", "16", "--workers", "1", "-j", "1")


def peak_bytes(arguments, feed=()):
    """Most memory that a command had, with pieces of bytes fed to its standard input."""
    command = [sys.executable, "-m", "invr", *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    for piece in feed:
        process.stdin.write(piece)
    process.stdin.close()
    error = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, error
    return 1024 * usage.ru_maxrss


def film(frames):
    """Pieces of a y4m stream: a pattern that moves."""
    yield f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F25:1 Ip A1:1 C420jpeg\n".encode()
    pattern = np.random.default_rng(0).integers(0, 256, 2 * WIDTH * HEIGHT, np.uint8)
    size = WIDTH * HEIGHT * 3 // 2
    for frame in range(frames):
        start = 7 * frame % (len(pattern) - size)
        yield b"FRAME\n" + pattern[start : start + size].tobytes()


def peaks(folder, frames):
    """Of an encode and of a decode of so many frames."""
    path = folder / f"{frames}.inrv"
    encoded = peak_bytes(("encode", "-", "-o", path, *SETTINGS), film(frames))
    return np.array([encoded, peak_bytes(("decode", path, "-o", "-", "-f", "null", "-j", "1"))])


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell the memory of one child")
def test_three_times_the_frames_take_no_more_memory(tmp_path):
    few, many = peaks(tmp_path, 32), peaks(tmp_path, 96)
    # 64 frames of picture alone would be 19 MB
    assert (many - few < 15e6).all(), (few, many)


@pytest.mark.slow
def test_ten_times_the_frames_take_no_more_than_a_fifth_more(tmp_path):
    few, many = peaks(tmp_path, 200), peaks(tmp_path, 2000)
    assert (many <= 1.2 * few).all(), (few, many)
    sys.stderr.write(f"200 frames {few}, 2,000 frames {many} bytes\n")
