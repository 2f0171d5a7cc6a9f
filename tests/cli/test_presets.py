"""The papers' presets through the real command, on a clip of a moment."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from inrv_format.entropy import coder_id_by_name
from inrv_format.streams import AudioStream, VideoStream
from toys import toy_picture

from invr.media import WriteConfig, open_sink
from invr.presets import PRESETS

LZMA2, ZSTD, RANS = map(coder_id_by_name, ("lzma2", "zstd", "rans"))


def invr(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    command = [sys.executable, "-m", "invr", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Thirty frames of 8x6 with a tone of 0.3 s."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    video = VideoStream(8, 6, Fraction(1, 100), average_rate=Fraction(100))
    with open_sink(path, video, AudioStream(4000, 1, "mono"), WriteConfig()) as sink:
        sink.write_video(toy_picture(30, 6, 8), np.arange(30, dtype=np.int64), 1)
        sink.write_audio(np.sin(np.arange(1200) * 0.3)[:, None].astype(np.float32) * 0.5, 0)
    return path


def encoded(clip: Path, path: Path, *options: object) -> dict:
    """What `invr info` says of the clip encoded with these options."""
    done = invr("encode", clip, "-o", path, "-j", "1", "--steps", "1", "--verify", *options)
    assert done.returncode == 0, done.stderr
    assert invr("test", path).returncode == 0
    return json.loads(invr("info", path, "--json", "--chunks").stdout)


def networks(shown: dict) -> list[tuple[int, str, int, list[int]]]:
    """Chunk, family, payload coder and bits of each network."""
    return [
        (chunk["index"], network["family"], network["coder"], network["bits"])
        for chunk in shown["chunks"]
        for network in chunk["networks"]
    ]


def test_paper_av_is_one_network_of_16_bits_for_the_whole_clip(clip, tmp_path):
    shown = encoded(clip, tmp_path / "a.inrv", "--preset", "paper-av")
    assert networks(shown) == [(0, "av-siren", LZMA2, [16])]
    assert shown["format"]["tags"]["settings"] == "preset=paper-av model=av-student steps=1 bits=16 seed=0"


def test_options_win_over_paper_av(clip, tmp_path):
    options = (
        "--model",
        "siren-still",
        "--bits",
        "6",
        "--coder",
        "zstd",
        "--chunk-frames",
        "15",
        "--finetune-steps",
        "2",
    )
    found = networks(encoded(clip, tmp_path / "a.inrv", "--preset", "paper-av", *options))
    assert found == [(index, family, ZSTD, [6]) for index in (0, 1) for family in ("siren", "audio-siren")]


def test_paper_invr_is_a_network_of_8_bits_for_each_15_frames(clip, tmp_path):
    shown = encoded(clip, tmp_path / "a.inrv", "--preset", "paper-invr", "-an")
    assert networks(shown) == [(index, "siren", RANS, [8]) for index in (0, 1)]


def test_help_has_a_line_for_each_preset():
    lines = invr("encode", "--help").stdout.splitlines()
    start = next(k for k, line in enumerate(lines) if line.strip().startswith("Presets"))
    assert [line.split()[0] for line in lines[start + 1 :] if line.strip()] == list(PRESETS)
    assert all(len(line.split()) > 1 for line in lines[start + 1 :] if line.strip())
