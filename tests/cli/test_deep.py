"""`invr test --deep`, and `--source`: is a file as good as it says?"""

import io
from dataclasses import replace

import pytest
from inrv_format.reader import Reader
from toys import file_of, run_invr, toy_clip

ENCODE = ("--steps", 20, "--chunk-frames", 4, "--workers", 1, "-q")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return toy_clip(tmp_path_factory.mktemp("clip"), frames=12, height=24, width=32, rate_hz=8000)


@pytest.fixture(scope="module")
def coded(clip, tmp_path_factory):
    path = tmp_path_factory.mktemp("coded") / "out.inrv"
    done = run_invr("encode", clip, "-o", path, *ENCODE)
    assert done.returncode == 0, done.stderr
    return path


def changed(path, target, psnr_db=0.0, snr_db=0.0):
    """A file whose last chunk states so many decibels more."""
    reader = Reader(io.BytesIO(path.read_bytes()))
    *before, last = reader.chunks()
    video, audio = last.video, last.audio
    last = replace(
        last,
        video=replace(video, psnr_db=video.psnr_db + psnr_db),
        audio=replace(audio, snr_db=audio.snr_db + snr_db),
    )
    target.write_bytes(file_of([*before, last], reader.streams, reader.tags))
    return target


def test_everything_is_evaluated(coded):
    done = run_invr("test", coded, "--deep")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{coded}: ok, 3 chunks, 6 networks, 12 frames, 3840 samples evaluated\n"


def test_the_source_shows_that_the_quality_is_what_is_stated(coded, clip):
    done = run_invr("test", coded, "--source", clip)
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("evaluated, 3 chunks of the quality that they state\n")


@pytest.mark.parametrize("more", [{"psnr_db": 0.2}, {"snr_db": 0.2}, {"psnr_db": -0.2}], ids=str)
def test_another_quality_than_stated_is_damage(coded, clip, tmp_path, more):
    path = changed(coded, tmp_path / "lies.inrv", **more)
    assert run_invr("test", path, "--deep").returncode == 0  # nothing but the source shows it
    done = run_invr("test", path, "--source", clip, "-q")
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert "chunk 2 has a " in done.stderr and " dB and states " in done.stderr


def test_an_unknown_quality_is_no_lie(coded, clip, tmp_path):
    path = changed(coded, tmp_path / "unknown.inrv", psnr_db=float("nan"))
    done = run_invr("test", path, "--source", clip)
    assert done.returncode == 0 and ", 2 chunks of the quality" in done.stderr


def test_another_source_is_refused(coded, tmp_path):
    shorter = toy_clip(tmp_path, frames=9, height=24, width=32, rate_hz=8000)
    done = run_invr("test", coded, "--source", shorter)
    assert done.returncode == 3 and "is it what the file was made of?" in done.stderr
    other = toy_clip(tmp_path, frames=12, height=24, width=32, fps=20, rate_hz=8000)
    assert "not of the kind that the file has" in run_invr("test", coded, "--source", other).stderr


def test_a_part_of_the_source_is_found_by_the_options_of_the_encode(clip, tmp_path):
    done = run_invr("encode", clip, "-o", tmp_path / "part.inrv", *ENCODE, "-ss", "0.08", "-s", "16x12")
    assert done.returncode == 0, done.stderr
    done = run_invr("test", tmp_path / "part.inrv", "--source", clip, "-ss", "0.08", "-s", "16x12")
    assert done.returncode == 0, done.stderr
    assert run_invr("test", tmp_path / "part.inrv", "--source", clip).returncode == 3


@pytest.mark.parametrize("audio", ["inr", "opus", "flac"])
def test_sound_alone_is_compared_too(clip, tmp_path, audio):
    path = tmp_path / "sound.inrv"
    assert run_invr("encode", clip, "-o", path, "--no-video", "--audio", audio, "-q").returncode == 0
    done = run_invr("test", path, "--source", clip)
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("3840 samples evaluated, 1 chunks of the quality that they state\n")
