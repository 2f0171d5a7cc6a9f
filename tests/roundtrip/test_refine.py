"""Refining: better or as it was, never worse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inrv_format.errors import InputError
from inrv_format.reader import Reader
from toys import toy_clip

from invr import PRESETS, encode
from invr.config import WorkConfig
from invr.presets import with_steps
from invr.refine import RefineConfig, refine

CONFIG = replace(with_steps(PRESETS["fast"].config, 25), chunk_frames=4)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return toy_clip(tmp_path_factory.mktemp("clip"), frames=8, rate_hz=8000)


@pytest.fixture(scope="module")
def encoded(clip, tmp_path_factory):
    path = tmp_path_factory.mktemp("encoded") / "clip.inrv"
    encode(clip, path, CONFIG)
    return path


def chunks_of(path):
    with path.open("rb") as file:
        return list(Reader(file).chunks())


def test_every_chunk_is_better_or_as_it_was(clip, encoded, tmp_path):
    result = refine(encoded, clip, tmp_path / "r.inrv", RefineConfig(steps=40))
    before, after = chunks_of(encoded), chunks_of(tmp_path / "r.inrv")
    assert result.bytes_written <= result.bytes_before and result.psnr_db > result.psnr_before_db
    assert result.better == sum(one != other for one, other in zip(before, after, strict=True)) > 0
    for one, other in zip(before, after, strict=True):
        assert one == other or other.video.psnr_db > one.video.psnr_db
        assert one.units[-1] == other.units[-1]  # the sound


def test_what_would_get_worse_is_not_taken(clip, encoded, tmp_path):
    result = refine(encoded, clip, tmp_path / "r.inrv", RefineConfig(steps=1))
    assert result.psnr_db >= result.psnr_before_db
    assert result.bytes_written <= result.bytes_before


def test_workers_change_no_byte(clip, encoded, tmp_path):
    for workers in ("1", "2"):
        refine(encoded, clip, tmp_path / workers, RefineConfig(steps=5), work=WorkConfig(workers))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_a_part_is_refined_as_the_whole_is(clip, tmp_path):
    encode(clip, tmp_path / "part.inrv", CONFIG, work=WorkConfig(chunks=(1, 2)))
    result = refine(tmp_path / "part.inrv", clip, tmp_path / "r.inrv", RefineConfig(steps=10))
    assert result.chunks == 1 and result.psnr_db >= result.psnr_before_db


def test_another_source_is_refused(encoded, tmp_path):
    other = toy_clip(tmp_path, frames=8, height=14)
    with pytest.raises(InputError, match="not of the kind"):
        refine(encoded, other, tmp_path / "r.inrv", RefineConfig(steps=1))
