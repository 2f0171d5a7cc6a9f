"""A benchmark of a few pixels, from its clips to its tables."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from inrv_format.streams import AudioStream, VideoStream
from toys import toy_picture

from invr.bench import encodes
from invr.bench.config import BenchConfig, ClipConfig, CodecConfig
from invr.bench.execute import execute
from invr.bench.results import read_bench, write_bench
from invr.bench.table import comma_separated, markdown
from invr.media import WriteConfig, open_sink

VIDEO = VideoStream(32, 32, Fraction(1, 25), chroma="rgb", average_rate=Fraction(25))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Four frames and a tone without loss."""
    path = tmp_path_factory.mktemp("source") / "clip.mkv"
    with open_sink(path, VIDEO, AudioStream(48000, 1, "mono"), WriteConfig(video_codec="ffv1")) as sink:
        sink.write_video(toy_picture(4, 32, 32), np.arange(4, dtype=np.int64), 1)
        sink.write_audio((np.sin(np.arange(7680) * 0.05)[:, None] * 0.5).astype(np.float32), 0)
    return path


@pytest.fixture
def config(source):
    """x264 at four rates, and an invr that takes no time."""
    clip = ClipConfig("toy", str(source))
    codecs = (CodecConfig("x264-medium", (10, 20, 30, 40)), CodecConfig("invr-ultrafast", (0.3,), steps=2))
    return BenchConfig((clip,), codecs, anchors=("x264-medium",), metrics=("ssim",))


def lines():
    said = []
    return said, said.append


def test_every_codec_is_measured_on_the_same_pixels(config, tmp_path):
    said, say = lines()
    bench = execute(config, tmp_path, "bench", say)
    assert [(point.codec, point.rate) for point in bench.points][-2:] == [
        ("x264-medium", "crf 40"),
        ("invr-ultrafast", "quality 0.3"),
    ]
    assert not [point.error for point in bench.points if point.error]
    x264, invr = bench.points[0], bench.points[-1]
    assert x264.file_bytes == (tmp_path / x264.file).stat().st_size > x264.payload_bytes
    assert x264.bpp == 8 * x264.file_bytes / (4 * 32 * 32)
    assert invr.mac_per_pixel > 0 and invr.history and invr.chunk_starts == [0]
    assert len(said) == 5


def test_a_second_run_measures_nothing_again(config, tmp_path):
    first = execute(config, tmp_path, "bench", lines()[1])
    said, say = lines()
    assert execute(config, tmp_path, "bench", say).points == first.points
    assert said == []


def test_a_recipe_that_is_measured_whole_is_not_fitted_again(source, tmp_path):
    config = BenchConfig((ClipConfig("toy", str(source)),), (CodecConfig("invr-paper", (8, 16), steps=1),))
    execute(replace(config, metrics=()), tmp_path, "bench", lines()[1])
    said, say = lines()
    execute(replace(config, metrics=()), tmp_path, "bench", say)
    assert said == []


def test_a_journal_cut_in_the_middle_of_a_line_goes_on(config, tmp_path):
    execute(config, tmp_path, "bench", lines()[1])
    journal = tmp_path / "points.jsonl"
    journal.write_text(journal.read_text()[:-200])
    said, say = lines()
    assert len(execute(config, tmp_path, "bench", say).points) == 5
    assert len(said) == 1 and "invr-ultrafast" in said[0]


def test_another_clip_is_not_taken_for_this_one(config, tmp_path):
    execute(config, tmp_path, "bench", lines()[1])
    fewer = replace(config, clips=(replace(config.clips[0], frames=2),))
    said, say = lines()
    execute(fewer, tmp_path, "bench", say)
    assert len(said) == 5


def test_a_codec_that_fails_is_a_point_with_its_reason(config, source, tmp_path):
    odd = replace(config, clips=(ClipConfig("odd", str(source), crop=(0, 0, 31, 31)),))
    bench = execute(odd, tmp_path, "bench", lines()[1])
    assert "libx264" in bench.points[0].error
    assert not bench.points[-1].error
    assert "failed: libx264" in markdown(bench)


def test_sound_is_measured_after_its_delay_is_undone(source, tmp_path):
    clip = ClipConfig("tone", str(source), medium="audio")
    config = BenchConfig((clip,), (CodecConfig("mp3", (128,)), CodecConfig("opus", (64,))), metrics=("snr_db",))
    bench = execute(config, tmp_path, "bench", lines()[1])
    assert all(point.metrics["snr_db"] > 15 for point in bench.points), bench.points


def test_paper_recipes_fit_once_for_all_widths(source, tmp_path, monkeypatch):
    calls = []
    plain = encodes.encode_variants
    monkeypatch.setattr(encodes, "encode_variants", lambda *args: calls.append(1) or plain(*args))
    config = BenchConfig((ClipConfig("toy", str(source)),), (CodecConfig("invr-paper", (6, 8, 16), steps=1),))
    bench = execute(replace(config, metrics=()), tmp_path, "bench", lines()[1])
    sizes = [point.payload_bytes for point in bench.points]
    assert calls == [1] and sizes == sorted(sizes) and len(sizes) == 3


def test_results_survive_a_file(config, tmp_path):
    bench = execute(config, tmp_path, "bench", lines()[1])
    write_bench(bench, tmp_path / "bench.json")
    assert read_bench(tmp_path / "bench.json") == bench


def test_tables_name_all_points_and_say_where_curves_do_not_meet(config, tmp_path):
    bench = execute(config, tmp_path, "bench", lines()[1])
    text = markdown(bench)
    assert text.count("| x264-medium | crf") == 4
    assert "1 points of rising quality, 4 are needed" in text
    rows = comma_separated(bench).splitlines()
    assert len(rows) == 6 and rows[0].startswith("clip,codec,rate")
