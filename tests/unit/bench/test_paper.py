"""The papers' tables: every form of every network, at the sizes that integers and bytes have."""

import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from inrv_format.streams import AudioStream, VideoStream
from toys import toy_picture

from invr.bench.paper import ChainConfig, chain_table, measure_chain
from invr.config import EncodeConfig, FitConfig, ModelConfig, QuantConfig, TeacherConfig
from invr.media import ReadConfig, WriteConfig, open_sink

FIT = FitConfig(steps=80, samples=256, checks=2, l1=0.0, picture_weight=0.5, sound_weight=0.5)
SMALL, LARGE = (ModelConfig(unified=True, av_shape=(16, 16, depth)) for depth in (1, 2))
CONFIG = EncodeConfig(
    SMALL, FIT, QuantConfig(5, keep_phases=False), TeacherConfig(LARGE, FIT), "lzma2", chunk_frames=3
)
TAUGHT = ["teacher, float32", "teacher, int5", "teacher, int5 lzma2", "student, float32", "student, int5"]
TUNED = ["student, int5 lzma2", "student fine-tuned, int5", "student fine-tuned, int5 lzma2"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Six frames of 16x12, two chunks, with a tone of 0.24 s."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    video = VideoStream(16, 12, Fraction(1, 25), chroma="rgb")
    with open_sink(path, video, AudioStream(2000, 1, "mono"), WriteConfig()) as sink:
        sink.write_video(toy_picture(6), np.arange(6, dtype=np.int64), 1)
        sink.write_audio(np.sin(np.arange(480) * 0.3)[:, None].astype(np.float32) * 0.5, 0)
    return str(path)


@pytest.fixture(scope="module")
def rows(clip):
    """By their names."""
    chain = ChainConfig(CONFIG, finetune_steps=60, alone=True)
    found = measure_chain(clip, chain, ReadConfig(), lambda name, progress: None)
    return {row.network: row for row in found}


def test_every_form_has_a_row(rows):
    assert list(rows) == [*TAUGHT, *TUNED, "student without teacher, float32"]


def test_floats_take_four_bytes_and_integers_one(rows):
    for name in ("teacher", "student"):
        exact, integers = rows[f"{name}, float32"], rows[f"{name}, int5"]
        assert exact.size_bytes == 4 * exact.parameters
        assert integers.size_bytes == integers.parameters == exact.parameters
    assert rows["teacher, float32"].parameters > rows["student, float32"].parameters


def test_packing_changes_the_size_only(rows):
    integers, packed = rows["student, int5"], rows["student, int5 lzma2"]
    assert packed.size_bytes < integers.size_bytes
    assert (packed.scores, packed.seconds) == (integers.scores, 0.0)


def test_quantization_costs_quality_and_fine_tuning_wins_some_back(rows):
    exact, integers, tuned = (rows[f"student{form}"].scores for form in (", float32", ", int5", " fine-tuned, int5"))
    assert exact["psnr_rgb_db"] > integers["psnr_rgb_db"] and "picture_sqnr_db" not in exact
    assert tuned["psnr_rgb_db"] > integers["psnr_rgb_db"]
    assert 0 < integers["picture_sqnr_db"] < 60
    assert set(integers) >= {"psnr_rgb_std_db", "psnr_db", "lsd_db"}


def test_a_preset_without_teacher_has_one_network(clip):
    chain = ChainConfig(replace(CONFIG, teacher=None, fit=replace(FIT, steps=2)), finetune_steps=0)
    found = measure_chain(clip, chain, ReadConfig(audio=False), lambda name, progress: None)
    assert [row.network for row in found] == ["network, float32", "network, int5", "network, int5 lzma2"]
    assert not {"psnr_db", "lsd_db"} & set(found[0].scores)
    assert "sound" not in chain_table(found)


def test_the_table_is_markdown(rows):
    lines = chain_table(list(rows.values())).splitlines()
    assert len(lines) == 2 + len(rows) and len({line.count("|") for line in lines}) == 1
    parameters = rows["teacher, float32"].parameters
    assert re.match(rf"\| teacher, float32 \| {parameters:,} \| 0\.\d+ \|", lines[2])
