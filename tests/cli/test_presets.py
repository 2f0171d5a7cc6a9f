"""The papers' presets through the real command, on a clip of a moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from inrv_format.entropy import coder_id_by_name
from toys import run_invr, toy_clip

from invr.presets import PRESETS

LZMA2, ZSTD, RANS = map(coder_id_by_name, ("lzma2", "zstd", "rans"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Thirty frames of 8x6 with a tone of 0.3 s."""
    return toy_clip(tmp_path_factory.mktemp("clip"), 30, 6, 8, 100, 4000)


def encoded(clip: Path, path: Path, *options: object) -> dict:
    """What `invr info` says of the clip encoded with these options."""
    done = run_invr("encode", clip, "-o", path, "-j", "1", "--steps", "1", "--verify", *options)
    assert done.returncode == 0, done.stderr
    assert run_invr("test", path).returncode == 0
    return json.loads(run_invr("info", path, "--json", "--chunks").stdout)


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
    of_both = [("siren", [6]), ("lapped", [2, 6])]
    assert found == [(index, family, ZSTD, bits) for index in (0, 1) for family, bits in of_both]


def test_paper_invr_is_a_network_of_8_bits_for_each_15_frames(clip, tmp_path):
    shown = encoded(clip, tmp_path / "a.inrv", "--preset", "paper-invr", "-an")
    assert networks(shown) == [(index, "siren", RANS, [8]) for index in (0, 1)]


def test_help_has_a_line_for_each_preset():
    lines = run_invr("encode", "--help").stdout.splitlines()
    start = next(k for k, line in enumerate(lines) if line.strip().startswith("Presets"))
    assert [line.split()[0] for line in lines[start + 1 :] if line.strip()] == list(PRESETS)
    assert all(len(line.split()) > 1 for line in lines[start + 1 :] if line.strip())
