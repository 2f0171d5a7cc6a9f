"""`invr compare` as a person and as a program sees it."""

from __future__ import annotations

import csv
import json
from fractions import Fraction

import numpy as np
import pytest
from inrv_format.streams import AudioStream, VideoStream
from toys import run_invr, toy_picture

from invr.media import WriteConfig, open_sink


def written(path, frames, gain=0.5):
    video = VideoStream(16, 12, Fraction(1, 25), chroma="rgb", average_rate=Fraction(25))
    with open_sink(path, video, AudioStream(8000, 1, "mono"), WriteConfig(video_codec="ffv1")) as sink:
        sink.write_video(frames, np.arange(len(frames), dtype=np.int64), 1)
        sink.write_audio((np.sin(np.arange(1280) * 0.3)[:, None] * gain).astype(np.float32), 0)
    return path


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A file, and the same three grey levels brighter and half as loud."""
    folder = tmp_path_factory.mktemp("pair")
    return written(folder / "a.mkv", toy_picture()), written(folder / "b.mkv", toy_picture() + 3, 0.25)


def test_text_names_every_score_and_what_it_means(pair):
    done = run_invr("compare", *pair, "--metrics", "ssim,snr_db", "-q")
    assert done.returncode == 0 and done.stderr == ""
    assert "pictures: 16x12, 4 frames" in done.stdout
    assert "psnr_rgb_db          38.5884 dB   R, G, B together, mean over frames" in done.stdout
    assert "snr_db                6.02" in done.stdout


def test_json_holds_scores_and_reasons(pair):
    done = run_invr("compare", *pair, "--json", "--metrics", "ms_ssim,snr_db")
    record = json.loads(done.stdout)
    assert record["video"]["scores"]["psnr_rgb_db"] == pytest.approx(38.5884, abs=1e-3)
    assert "161 pixels" in record["video"]["missing"]["ms_ssim"]
    assert record["audio"]["scores"]["snr_db"] == pytest.approx(6.02, abs=0.01)


def test_csv_has_a_line_for_each_frame_and_is_not_overwritten(pair, tmp_path):
    target = tmp_path / "frames.csv"
    assert run_invr("compare", *pair, "--metrics", "ssim", "-an", "-q", "--csv", target).returncode == 0
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert [row["frame"] for row in rows] == ["0", "1", "2", "3"]
    assert float(rows[1]["time_s"]) == pytest.approx(0.04) and float(rows[1]["psnr_rgb_db"]) > 38
    assert run_invr("compare", *pair, "-q", "--csv", target).returncode == 8


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [(["-frames", "3"], 3, "numbers of frames differ"), (["--metrics", "vmaf"], 2, "metric vmaf: allowed are")],
)
def test_one_line_says_what_is_wrong(pair, change, code, said):
    done = run_invr("compare", *pair, *change)
    assert done.returncode == code and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and said in done.stderr
