"""Pipes whose other side is slow: no deadlock, and every frame arrives."""

from __future__ import annotations

import array
import fcntl
import io
import shlex
import shutil
import subprocess
import sys
import termios
import time
from fractions import Fraction
from typing import IO

import av
import numpy as np
import pytest
from inrv_format.reader import Reader
from inrv_format.streams import AudioStream, VideoStream
from toys import toy_file, toy_picture, toy_tone

from invr.media import WriteConfig, open_sink

INVR = (sys.executable, "-m", "invr")
STALL_S = 2.0
SLOW_BYTES = 1000  # a second
SMALLEST_PIPE = 4096
TIMEOUT_S = 300


class Kept(io.BytesIO):
    """What a pipe would have got."""

    def seekable(self) -> bool:
        return False


def sent(muxer: str) -> bytes:
    """Six frames of 16x12 and 0.24 s of a tone, what of it the format takes."""
    video = None if muxer == "wav" else VideoStream(16, 12, Fraction(1, 25), average_rate=Fraction(25))
    audio = None if muxer == "yuv4mpegpipe" else AudioStream(8000, 1, "mono")
    target = Kept()
    with open_sink(target, video, audio, WriteConfig(format=muxer)) as sink:
        if video:
            sink.write_video(toy_picture(6), np.arange(6), 1)
        if audio:
            sink.write_audio(toy_tone(1920), 0)
    return target.getvalue()


def unread(pipe: IO[bytes]) -> int:
    """Bytes that lie in a pipe."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


@pytest.mark.parametrize(("muxer", "frames", "samples"), [("yuv4mpegpipe", 6, 0), ("nut", 6, 1920), ("wav", 0, 1920)])
def test_a_writer_that_stalls(muxer, frames, samples):
    data = sent(muxer)
    command = [*INVR, "encode", "-", "-o", "-", "--steps", "1", "-j", "1", "-q"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as encoding:
        encoding.stdin.write(data[: len(data) // 2])
        encoding.stdin.flush()
        while unread(encoding.stdin):
            time.sleep(0.05)
        time.sleep(STALL_S)
        packed, said = encoding.communicate(data[len(data) // 2 :], timeout=TIMEOUT_S)
    assert (encoding.returncode, said) == (0, b"")
    index = Reader(io.BytesIO(packed)).index
    assert (index.frame_count, index.sample_count) == (frames, samples)


@pytest.mark.parametrize(("muxer", "scale"), [("yuv4mpegpipe", 4), ("nut", 3)])
def test_a_slow_reader(muxer, scale):
    command = [*INVR, "decode", "-", "-o", "-", "-f", muxer, "--scale", str(scale), "-q"]
    shown = b""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as decoding:
        fcntl.fcntl(decoding.stdout, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
        decoding.stdin.write(toy_file())
        decoding.stdin.close()
        while piece := decoding.stdout.read(SLOW_BYTES):
            shown += piece
            time.sleep(1)
        assert decoding.wait(TIMEOUT_S) == 0
    assert len(shown) > SMALLEST_PIPE + SLOW_BYTES, "it never had to wait for its reader"
    with av.open(io.BytesIO(shown)) as container:
        assert len(list(container.decode(video=0))) == 6


TOOLS = {
    "ffmpeg": ("matroska", "ffmpeg -v error -i - -f null -"),
    "ffplay": ("matroska", "ffplay -v error -nodisp -autoexit -"),
    # releases before 0.38 do not know FFV1 by its name in Matroska
    "mpv": ("nut", "mpv --no-config --really-quiet --vo=null --ao=null -"),
    "x264": ("yuv4mpegpipe", "x264 --quiet --demuxer y4m -o /dev/null -"),
    "x265": ("yuv4mpegpipe", "x265 --log-level error --y4m -o /dev/null -"),
    "flac": ("wav", "flac --silent --stdout -"),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_reads_it(tool):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not on this machine")
    muxer, reader = TOOLS[tool]
    command = [*INVR, "decode", "-", "-o", "-", "-f", muxer, "--scale", "20", "-q"]
    decoded = subprocess.run(command, input=toy_file(), capture_output=True, check=True, timeout=TIMEOUT_S)
    read = subprocess.run(
        shlex.split(reader), input=decoded.stdout, capture_output=True, check=False, timeout=TIMEOUT_S
    )
    assert read.returncode == 0, read.stderr
