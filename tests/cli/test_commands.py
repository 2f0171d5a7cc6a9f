"""Whole commands: exit code, stdout, stderr."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from inrv_format.streams import AudioStream, VideoStream
from toys import real_media, toy_clip, toy_file, toy_picture
from warm import warm_run

from invr.media import WriteConfig, open_sink

ENCODE = ("--steps", "12", "-j", "2")


def invr(*arguments: object, stdin: bytes | None = b"", **options: object) -> subprocess.CompletedProcess[bytes]:
    """Run the command line; nothing is ever asked of a terminal."""
    if stdin is not None and not options:
        return warm_run(arguments, stdin)
    command = [sys.executable, "-m", "invr", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120, **options)


def one_line(done: subprocess.CompletedProcess[bytes]) -> str:
    """The single line on stderr; nothing on stdout."""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert done.stdout == b""
    return lines[0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Six frames of 16x12 with a tone of 0.24 s."""
    return toy_clip(tmp_path_factory.mktemp("clip"), rate_hz=8000)


@pytest.fixture(scope="module")
def encoded(clip, tmp_path_factory) -> Path:
    """The clip as .inrv."""
    path = tmp_path_factory.mktemp("encoded") / "clip.inrv"
    done = invr("encode", clip, "-o", path, *ENCODE, "--verify")
    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    return path


def frames_of(source) -> list[np.ndarray]:
    with av.open(source) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_encode_says_what_it_wrote(clip, tmp_path):
    done = invr("encode", clip, tmp_path / "a.inrv", *ENCODE)
    assert done.returncode == 0
    line = done.stderr.decode().splitlines()[-1]  # a slow machine gets lines of progress before it
    assert done.stdout == b""
    assert "PSNR" in line
    assert "sound SNR" in line
    assert sorted(os.listdir(tmp_path)) == ["a.inrv"]


def test_the_same_command_gives_the_same_bytes(clip, encoded, tmp_path):
    invr("encode", clip, "-o", tmp_path / "a.inrv", *ENCODE)
    assert (tmp_path / "a.inrv").read_bytes() == encoded.read_bytes()


def test_decode_to_mp4_keeps_frames_size_and_times(encoded, tmp_path):
    done = invr("decode", encoded, "-o", tmp_path / "rec.mp4")
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "rec.mp4")) as container:
        frames = list(container.decode(video=0))
        assert [float(frame.pts * frame.time_base) for frame in frames] == pytest.approx([k / 25 for k in range(6)])
        assert (frames[0].width, frames[0].height) == (16, 12)
    with av.open(str(tmp_path / "rec.mp4")) as container:
        assert abs(sum(frame.samples for frame in container.decode(audio=0)) - 1920) < 1100


def test_pipes_on_both_sides(clip, encoded):
    packed = invr("encode", "-", "-o", "-", *ENCODE, stdin=clip.read_bytes())
    assert packed.returncode == 0, packed.stderr
    assert packed.stdout == encoded.read_bytes()
    unpacked = invr("decode", "-", "-o", "-", stdin=packed.stdout)
    assert unpacked.returncode == 0, unpacked.stderr
    assert len(frames_of(io.BytesIO(unpacked.stdout))) == 6


@pytest.mark.parametrize(
    ("name", "start"), [("yuv4mpegpipe", b"YUV4MPEG2 W16 H12"), ("wav", b"RIFF"), ("nut", b"nut/")]
)
def test_other_pipe_formats_on_request(encoded, name, start):
    done = invr("decode", encoded, "-o", "-", "-f", name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(start)


def test_spans_and_frame_limits(encoded):
    done = invr("decode", encoded, "-o", "-", "-f", "digest", "-ss", "0.08", "-to", "0.2")
    video = [line for line in done.stdout.decode().splitlines() if line.startswith("0, ")]
    whole = invr("decode", encoded, "-o", "-", "-f", "digest", "--frames", "4").stdout.decode().splitlines()
    kept = [line for line in whole if line.startswith("0, ")]
    assert [line.split(", ")[1] for line in video] == ["0", "40", "80"]
    assert len(kept) == 4
    assert [line.split(", ")[3] for line in video[:2]] == [line.split(", ")[3] for line in kept[2:4]]


def test_another_size_and_rate(encoded):
    done = invr("decode", encoded, "-o", "-", "--scale", "2", "--fps", "50")
    frames = frames_of(io.BytesIO(done.stdout))
    assert len(frames) == 12
    assert frames[0].shape == (24, 32, 3)
    assert frames_of(io.BytesIO(invr("decode", encoded, "-o", "-", "-s", "20x10").stdout))[0].shape == (10, 20, 3)


def test_a_picture_is_a_video_of_one_frame(tmp_path):
    with open_sink(
        tmp_path / "in.png", VideoStream(16, 12, Fraction(1, 25), chroma="rgb"), None, WriteConfig()
    ) as sink:
        sink.write_video(toy_picture(1), np.zeros(1, np.int64), 1)
    assert invr("encode", tmp_path / "in.png", "-o", tmp_path / "a.inrv", *ENCODE).returncode == 0
    done = invr("decode", tmp_path / "a.inrv", "-o", tmp_path / "out.png")
    assert done.returncode == 0, done.stderr
    assert frames_of(str(tmp_path / "out.png"))[0].shape == (12, 16, 3)


def test_sound_alone(clip, tmp_path):
    assert invr("encode", clip, "-vn", "-o", tmp_path / "a.inrv", *ENCODE).returncode == 0
    done = invr("decode", tmp_path / "a.inrv", "-o", tmp_path / "out.wav", "--no-denoise")
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "out.wav")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == 1920


def test_progress_in_ffmpegs_grammar(clip, tmp_path):
    done = invr("encode", clip, "-o", tmp_path / "a.inrv", *ENCODE, "-q", "--progress", "pipe:1")
    assert done.returncode == 0
    assert done.stderr == b""
    lines = done.stdout.decode().splitlines()
    assert all(line.count("=") == 1 for line in lines)
    states = [line for line in lines if line.startswith("progress=")]
    assert states[-1] == "progress=end"
    assert set(states[:-1]) == {"progress=continue"}
    assert f"total_size={(tmp_path / 'a.inrv').stat().st_size}" in lines


def test_quiet_says_nothing(encoded, tmp_path):
    done = invr("decode", encoded, "-o", tmp_path / "a.mkv", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_info_uses_ffprobes_names(encoded):
    shown = json.loads(invr("info", encoded, "--json", "--chunks").stdout)
    video, audio = shown["streams"]
    assert (video["width"], video["height"], video["nb_frames"], video["avg_frame_rate"]) == (16, 12, "6", "25/1")
    assert (audio["sample_rate"], audio["channels"], audio["nb_samples"]) == ("8000", 1, "1920")
    assert shown["format"]["size"] == str(encoded.stat().st_size)
    assert shown["chunks"][0]["networks"][0]["family"] == "siren"
    assert "PSNR" not in shown


def test_times_in_thousandths_of_a_second_are_no_rate(tmp_path):
    assert invr("encode", toy_clip(tmp_path, frames=7, fps=15), "-o", tmp_path / "a.inrv", *ENCODE).returncode == 0
    (video,) = json.loads(invr("info", tmp_path / "a.inrv", "--json").stdout)["streams"]
    assert (video["time_base"], video["avg_frame_rate"]) == ("1/1000", "15/1")
    shown = invr("decode", tmp_path / "a.inrv", "-o", "-", "-f", "y4m")
    assert shown.stdout.startswith(b"YUV4MPEG2 W16 H12 F15:1 ")
    assert shown.stderr.count(b"\n") == 1, shown.stderr


def test_info_and_test_read_pipes(encoded):
    data = encoded.read_bytes()
    assert b"6 frames" in invr("info", "-", stdin=data).stdout
    assert invr("test", "-", stdin=data).returncode == 0


def test_damage_is_told_from_a_newer_version(encoded, tmp_path):
    data = bytearray(encoded.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.inrv").write_bytes(data)
    for command in (["test"], ["decode", "-o", "-"]):
        done = invr(command[0], tmp_path / "bad.inrv", *command[1:])
        assert done.returncode == 4
        assert "CRC" in one_line(done)
    (tmp_path / "cut.inrv").write_bytes(encoded.read_bytes()[:-40])
    assert invr("info", tmp_path / "cut.inrv").returncode == 4


ERRORS = {
    "missing file": (["encode", "{tmp}/none.mp4", "-o", "{tmp}/o.inrv"], 3, "none.mp4"),
    "text as mp4": (["encode", "{tmp}/text.mp4", "-o", "{tmp}/o.inrv"], 3, "text.mp4"),
    "folder": (["encode", "{tmp}", "-o", "{tmp}/o.inrv"], 3, "directory"),
    "text as inrv": (["decode", "{tmp}/text.mp4", "-o", "{tmp}/o.mp4"], 4, "not an .inrv"),
    "missing inrv": (["info", "{tmp}/none.inrv"], 3, "none.inrv"),
    "no output": (["encode", "{tmp}/text.mp4"], 2, "missing output"),
    "two outputs": (["encode", "{tmp}/text.mp4", "a", "-o", "b"], 2, "two outputs"),
    "unknown option": (["encode", "{tmp}/text.mp4", "--nonsense"], 2, "--nonsense"),
    "unknown command": (["transmogrify"], 2, "transmogrify"),
    "unknown preset": (["encode", "{tmp}/text.mp4", "-o", "{tmp}/o.inrv", "--preset", "hasty"], 2, "veryslow"),
    "bad time": (["decode", "{tmp}/toy.inrv", "-o", "{tmp}/o.mkv", "-ss", "soon"], 2, "1:30"),
    "bad size": (["decode", "{tmp}/toy.inrv", "-o", "{tmp}/o.mkv", "-s", "big"], 2, "640x360"),
    "empty span": (["decode", "{tmp}/toy.inrv", "-o", "{tmp}/o.mkv", "-ss", "2", "-to", "1"], 2, "empty"),
    "span past the end": (["decode", "{tmp}/toy.inrv", "-o", "{tmp}/o.mkv", "-ss", "99"], 3, "99"),
    "unknown muxer": (["decode", "{tmp}/toy.inrv", "-o", "{tmp}/o.mkv", "-f", "papyrus"], 2, "papyrus"),
    "exists": (["decode", "{tmp}/toy.inrv", "-o", "{tmp}/there.mkv"], 8, "-y"),
    "same file": (["decode", "{tmp}/toy.inrv", "-o", "{tmp}/./toy.inrv", "-y"], 8, "same file"),
    "no folder": (["encode", "{tmp}/text.mp4", "-o", "{tmp}/no/o.inrv"], 3, ""),
    "full disk": (["decode", "{tmp}/toy.inrv", "-o", "/dev/full", "-f", "digest"], 8, "No space"),
    "empty stdin": (["decode", "-", "-o", "{tmp}/o.mkv"], 4, "magic"),
    "no cuda": (["decode", "{tmp}/toy.inrv", "-o", "{tmp}/o.mkv", "--device", "cuda"], 9, "CUDA"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_one_line_and_leave_nothing(case, tmp_path):
    import torch

    if case == "no cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    (tmp_path / "text.mp4").write_text("this is not a film\n" * 10)
    (tmp_path / "toy.inrv").write_bytes(toy_file(1))
    (tmp_path / "there.mkv").write_text("precious")
    before = sorted(os.listdir(tmp_path))
    arguments, code, words = ERRORS[case]
    done = invr(*[argument.format(tmp=tmp_path) for argument in arguments])
    assert done.returncode == code, done.stderr
    assert words in one_line(done)
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "there.mkv").read_text() == "precious"
    assert (tmp_path / "toy.inrv").read_bytes() == toy_file(1)


def test_yes_overwrites(tmp_path):
    (tmp_path / "toy.inrv").write_bytes(toy_file(1))
    (tmp_path / "out.mkv").write_text("old")
    assert invr("decode", tmp_path / "toy.inrv", "-y", "-o", tmp_path / "out.mkv").returncode == 0
    assert (tmp_path / "out.mkv").read_bytes()[:4] == b"\x1aE\xdf\xa3"


def test_a_full_disk_while_encoding(clip):
    done = invr("encode", clip, "-o", "/dev/full", *ENCODE, "-y")
    assert done.returncode == 8
    assert "No space" in one_line(done)


def test_a_closed_pipe_is_quiet(encoded):
    command = f"{sys.executable} -m invr decode {encoded} -o - -f yuv4mpegpipe -q --scale 20 | head -c 100 >/dev/null"
    done = subprocess.run(["bash", "-c", f"{command}; echo ${{PIPESTATUS[0]}}"], capture_output=True, check=True)
    assert done.stdout.strip() == b"141"
    assert done.stderr == b""


def test_binary_data_is_not_written_to_a_terminal(encoded, tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "invr", "decode", str(encoded), "-o", "-"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 8
    assert b"terminal" in done.stderr


def test_a_terminal_is_not_read():
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "invr", "info", "-"]
    done = subprocess.run(command, stdin=theirs, capture_output=True, check=False)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 3
    assert b"terminal" in done.stderr


def test_a_termination_leaves_nothing(clip, tmp_path):
    import signal
    import time

    command = [sys.executable, "-m", "invr", "encode", str(clip), "-o", str(tmp_path / "a.inrv"), "--steps", "999999"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE)
    for _ in range(600):
        if os.listdir(tmp_path):
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    try:
        _, stderr = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 143
    assert stderr.decode().splitlines() == ["invr: interrupted"]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["-dash.mkv", "sp ace.mkv", "ünïcode.mkv"])
def test_odd_names(encoded, tmp_path, name):
    done = invr("decode", encoded, "-o", name, "-q", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == [name]


def test_version_and_help():
    from importlib.metadata import version

    assert invr("--version").stdout.decode() == f"invr {version('invr')}\n"
    assert b"Exit codes" in invr("--help").stdout
    assert invr().returncode == 2


def test_a_bomb_is_refused_at_once(tmp_path):
    """A thousand bytes that claim a million frames of 16384x16384."""
    from inrv_format.chunk import build_chunk
    from inrv_format.schema import CHUNK_HEADER
    from inrv_format.writer import Writer
    from toys import toy_chunk

    target = io.BytesIO()
    writer = Writer(target, {0: VideoStream(16384, 16384, Fraction(1, 25)), 1: AudioStream(8000, 2, "stereo")}, {})
    content = bytearray(build_chunk(toy_chunk()))
    place = CHUNK_HEADER.sizeof() + 10
    content[place : place + 4] = (10**6).to_bytes(4, "little")
    writer.write_content(toy_chunk(), bytes(content))
    writer.close()
    (tmp_path / "bomb.inrv").write_bytes(target.getvalue())
    assert len(target.getvalue()) < 2000
    for command in (["info"], ["test"], ["decode", "-o", "-"]):
        done = invr(command[0], tmp_path / "bomb.inrv", *command[1:])
        assert done.returncode == 6
        assert "1000000 frames" in one_line(done)


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("bad_truncated_no_moov.mp4", 3, "moov"),
        ("bad_invalid.wav", 3, "bad_invalid.wav"),
        ("bad_corrupted_midstream.mp4", 3, "28 frames"),
    ],
)
def test_broken_real_media(name, code, words, tmp_path):
    done = invr("encode", real_media(f"edge/{name}"), "-o", tmp_path / "a.inrv", *ENCODE, "-q")
    assert done.returncode == code
    assert words in one_line(done)
    assert os.listdir(tmp_path) == []
