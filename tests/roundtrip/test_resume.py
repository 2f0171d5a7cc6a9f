"""Encodes that are stopped go on, and end as if they had not been."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inrv_format.errors import FitError, InputError
from inrv_format.reader import Reader
from toys import toy_clip

from invr import PRESETS, ReadConfig, encode
from invr.config import Goal, WorkConfig
from invr.presets import with_steps

CONFIG = replace(with_steps(PRESETS["fast"].config, 8), chunk_frames=2)
SPAN = ReadConfig()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Eight frames in four chunks, with sound."""
    return toy_clip(tmp_path_factory.mktemp("clip"), frames=8, rate_hz=8000)


@pytest.fixture(scope="module")
def whole(clip, tmp_path_factory):
    """The file of an encode that nothing disturbed."""
    path = tmp_path_factory.mktemp("whole") / "whole.inrv"
    encode(clip, path, CONFIG)
    return path.read_bytes()


def stopped_after(chunks, clip, path, config=CONFIG):
    """Stop an encode in the middle of the chunk that follows so many."""

    def report(progress):
        if progress.chunk == chunks:
            raise FitError("stopped")

    with pytest.raises(FitError, match="stopped"):
        encode(clip, path, config, report=report)


@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_a_stopped_encode_goes_on_to_the_same_bytes(clip, whole, tmp_path, chunks):
    path = tmp_path / "out.inrv"
    stopped_after(chunks, clip, path)
    assert [each.name for each in tmp_path.iterdir()] == (["out.inrv.journal"] if chunks else [])
    result = encode(clip, path, CONFIG)
    assert result.resumed == chunks
    assert path.read_bytes() == whole
    assert [each.name for each in tmp_path.iterdir()] == ["out.inrv"]


def test_progress_starts_where_the_earlier_start_stopped(clip, tmp_path):
    states = []
    stopped_after(3, clip, tmp_path / "out.inrv")
    encode(clip, tmp_path / "out.inrv", CONFIG, report=states.append)
    assert {state.chunk for state in states} == {3}
    assert min(state.done for state in states) >= 0.75 == states[0].resumed


def test_a_goal_goes_on_as_it_stood(clip, tmp_path):
    config = replace(CONFIG, goal=Goal(size_bytes=6000))
    encode(clip, tmp_path / "whole.inrv", config)
    stopped_after(2, clip, tmp_path / "out.inrv", config)
    assert encode(clip, tmp_path / "out.inrv", config).resumed == 2
    assert (tmp_path / "out.inrv").read_bytes() == (tmp_path / "whole.inrv").read_bytes()


@pytest.mark.parametrize("change", [{"seed": 1}, {"coder": "zstd"}])
def test_a_changed_setting_begins_anew_and_says_so(clip, tmp_path, change):
    heard = []
    stopped_after(2, clip, tmp_path / "out.inrv")
    result = encode(clip, tmp_path / "out.inrv", replace(CONFIG, **change), say=heard.append)
    assert result.resumed == 0
    assert "of other settings" in heard[0]


def test_threads_and_workers_are_no_settings(clip, whole, tmp_path):
    stopped_after(2, clip, tmp_path / "out.inrv")
    result = encode(clip, tmp_path / "out.inrv", replace(CONFIG, threads=1), work=WorkConfig("2"))
    assert result.resumed == 2
    assert (tmp_path / "out.inrv").read_bytes() == whole


def test_no_resume_begins_anew(clip, whole, tmp_path):
    stopped_after(2, clip, tmp_path / "out.inrv")
    assert encode(clip, tmp_path / "out.inrv", CONFIG, work=WorkConfig(resume=False)).resumed == 0
    assert (tmp_path / "out.inrv").read_bytes() == whole


def test_a_polite_stop_keeps_the_chunk_under_work(clip, whole, tmp_path):
    states = []
    with pytest.raises(KeyboardInterrupt):
        encode(clip, tmp_path / "out.inrv", CONFIG, report=states.append, stopping=lambda: bool(states))
    assert encode(clip, tmp_path / "out.inrv", CONFIG).resumed == 1
    assert (tmp_path / "out.inrv").read_bytes() == whole


@pytest.mark.parametrize("workers", ["1", "2"])
def test_workers_change_no_byte(clip, whole, tmp_path, workers):
    encode(clip, tmp_path / "out.inrv", CONFIG, work=WorkConfig(workers))
    assert (tmp_path / "out.inrv").read_bytes() == whole


def test_tiles_of_a_single_chunk_are_fitted_side_by_side(clip, tmp_path):
    from inrv_format.chunk import TileGrid

    config = replace(CONFIG, chunk_frames=8, tiles=TileGrid(2, 1))
    for workers in ("1", "2"):
        encode(clip, tmp_path / f"{workers}.inrv", config, work=WorkConfig(workers))
    assert (tmp_path / "1.inrv").read_bytes() == (tmp_path / "2.inrv").read_bytes()


def test_chunks_in_batches_are_as_good_and_go_on(clip, whole, tmp_path):
    batched = replace(CONFIG, fit=replace(CONFIG.fit, batch=3))
    result = encode(clip, tmp_path / "all.inrv", batched)
    alone = encode(clip, tmp_path / "whole.inrv", CONFIG)
    assert result.psnr_db == pytest.approx(alone.psnr_db, abs=0.1)
    stopped_after(0, clip, tmp_path / "out.inrv", batched)
    assert encode(clip, tmp_path / "out.inrv", batched).resumed == 0
    assert (tmp_path / "out.inrv").read_bytes() == (tmp_path / "all.inrv").read_bytes()


def test_parts_hold_the_chunks_of_the_whole(clip, whole, tmp_path):
    (tmp_path / "whole.inrv").write_bytes(whole)
    encode(clip, tmp_path / "part.inrv", CONFIG, work=WorkConfig(chunks=(1, 3)))
    with (tmp_path / "whole.inrv").open("rb") as one, (tmp_path / "part.inrv").open("rb") as other:
        assert list(Reader(one).chunks())[1:3] == list(Reader(other).chunks())


def test_a_part_has_no_size_to_reach(clip, tmp_path):
    config = replace(CONFIG, goal=Goal(size_bytes=6000))
    with pytest.raises(InputError, match="--chunks makes a part"):
        encode(clip, tmp_path / "part.inrv", config, work=WorkConfig(chunks=(1, 3)))
