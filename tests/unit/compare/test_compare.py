"""Whole files against each other, media and .inrv."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from inrv_format.errors import InputError
from inrv_format.streams import AudioStream, VideoStream
from toys import toy_file, toy_picture

from invr.compare import CompareConfig, compare
from invr.media import WriteConfig, open_sink

VIDEO = VideoStream(16, 12, Fraction(1, 25), chroma="rgb", average_rate=Fraction(25))
AUDIO = AudioStream(8000, 1, "mono")
TONE = (np.sin(np.arange(1280) * 0.3)[:, None] * 0.5).astype(np.float32)
QUICK = CompareConfig(metrics=("ssim", "snr_db"))


def written(path, frames=None, sound=None, stream=VIDEO):
    """A lossless file of frames and sound."""
    video = stream if frames is not None else None
    with open_sink(path, video, AUDIO if sound is not None else None, WriteConfig(video_codec="ffv1")) as sink:
        if frames is not None:
            sink.write_video(frames, np.arange(len(frames), dtype=np.int64), 1)
        if sound is not None:
            sink.write_audio(sound, 0)
    return path


def test_equal_files_reach_the_ceiling(tmp_path):
    path = written(tmp_path / "a.mkv", toy_picture(), TONE)
    result = compare(path, path, QUICK)
    assert result.video.scores["psnr_rgb_db"] == result.sound.scores["snr_db"] == 100.0
    assert result.bpp == 8 * path.stat().st_size / (4 * 12 * 16)


def test_a_known_error_in_both(tmp_path):
    one = written(tmp_path / "a.mkv", toy_picture(), TONE)
    other = written(tmp_path / "b.mkv", toy_picture() + 3, TONE * np.float32(0.5))
    result = compare(one, other, QUICK)
    assert result.video.scores["psnr_rgb_db"] == pytest.approx(20 * np.log10(255 / 3), abs=1e-3)
    assert result.sound.scores["snr_db"] == pytest.approx(6.02, abs=0.01)
    assert len(result.video.frames["psnr_rgb_db"]) == 4


def test_an_inrv_file_is_compared_as_it_decodes(tmp_path):
    (tmp_path / "toy.inrv").write_bytes(toy_file())
    from invr import decode

    decode(tmp_path / "toy.inrv", tmp_path / "toy.mkv", write=WriteConfig(video_codec="ffv1", pix_fmt="bgr0"))
    result = compare(tmp_path / "toy.mkv", tmp_path / "toy.inrv", CompareConfig(metrics=("snr_db",)))
    assert result.video.scores["psnr_rgb_db"] == 100.0
    assert result.sound.channels == 2
    assert result.sound.scores["snr_db"] > 60  # 24-bit FLAC


def test_sizes_that_differ_are_told(tmp_path):
    one = written(tmp_path / "a.mkv", toy_picture())
    other = written(tmp_path / "b.mkv", toy_picture(width=18), stream=replace(VIDEO, width=18))
    with pytest.raises(InputError, match=r"sizes differ: .*a.mkv is 16x12, .*b.mkv is 18x12"):
        compare(one, other, QUICK)


def test_a_stream_of_one_file_only_is_a_note(tmp_path):
    one = written(tmp_path / "a.mkv", toy_picture(), TONE)
    other = written(tmp_path / "b.mkv", toy_picture())
    result = compare(one, other, QUICK)
    assert result.sound is None
    assert result.notes == (f"only {one} has audio, which is not compared",)


def test_nothing_in_common_is_an_error(tmp_path):
    one, other = written(tmp_path / "a.mkv", toy_picture()), written(tmp_path / "b.wav", sound=TONE)
    with pytest.raises(InputError, match="neither pictures nor sound in common"):
        compare(one, other, QUICK)


def test_an_unknown_metric_is_refused():
    with pytest.raises(InputError, match="metric vmaf: allowed are ssim"):
        CompareConfig(metrics=("vmaf",))
