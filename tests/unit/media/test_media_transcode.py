"""Ordinary codecs, arrays to file and back."""

from fractions import Fraction

import av
import numpy as np
import pytest
from inrv_format.errors import InputError, UnsupportedError
from toys import toy_picture

from invr.media import stills
from invr.media.stills import STILL_FORMATS, encode_still, read_still
from invr.media.transcode import encode_pictures, encode_sound, read_pictures, read_samples, write_lossless

FRAMES = toy_picture(6, 32, 32)
TONE = (np.sin(np.arange(24000) * 0.05)[:, None] * 0.5).astype(np.float32)


def test_lossless_gives_the_very_pixels(tmp_path):
    write_lossless(tmp_path / "a.mkv", FRAMES, Fraction(25))
    assert np.array_equal(read_pictures(tmp_path / "a.mkv"), FRAMES)


def test_the_payload_is_all_packets_and_the_codecs_header(tmp_path):
    path = tmp_path / "a.mp4"
    size = encode_pictures(path, FRAMES, Fraction(25), "libx264", {"crf": "20"}, "yuv420p")
    with av.open(str(path)) as container:
        packets = sum(packet.size for packet in container.demux(video=0))
        header = len(container.streams.video[0].codec_context.extradata)
    # MP4 writes the header's start codes another way.
    assert size == pytest.approx(packets + header, abs=16)
    assert size < path.stat().st_size


def test_a_lower_quality_takes_fewer_bytes(tmp_path):
    sizes = [
        encode_pictures(tmp_path / "a.mp4", FRAMES, Fraction(25), "mpeg4", {"qmin": q, "qmax": q}, "yuv420p")
        for q in ("3", "30")
    ]
    assert sizes[1] < sizes[0] / 2


def test_a_codec_that_refuses_is_named(tmp_path):
    with pytest.raises(InputError, match="libx264"):
        encode_pictures(tmp_path / "a.mp4", FRAMES[:, :31, :31], Fraction(25), "libx264", {}, "yuv420p")
    with pytest.raises(InputError, match="no_such_codec"):
        encode_pictures(tmp_path / "a.mp4", FRAMES, Fraction(25), "no_such_codec", {}, "yuv420p")


def test_sound_comes_back_at_the_rate_asked_for(tmp_path):
    """Opus knows 48 kHz and not 44.1."""
    encode_sound(tmp_path / "a.ogg", TONE, 44100, "libopus", 64000)
    back = read_samples(tmp_path / "a.ogg", 44100)
    assert back.shape[1] == 1 and abs(len(back) - len(TONE)) < 1200


@pytest.mark.parametrize("codec", STILL_FORMATS)
def test_stills_come_back_nearly_as_they_were(tmp_path, codec):
    pytest.importorskip("PIL", reason="needs invr[bench]")
    path = tmp_path / f"a{STILL_FORMATS[codec][1]}"
    encode_still(path, FRAMES[0], codec, 90)
    error = read_still(path, codec).astype(float) - FRAMES[0]
    assert np.sqrt(np.mean(error**2)) < 16


def test_missing_pillow_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(stills, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match=r"jpeg needs Pillow: pip install 'invr\[bench\]'"):
        encode_still(tmp_path / "a.jpg", FRAMES[0], "jpeg", 90)


def test_a_codec_that_knows_few_frame_rates_gets_the_nearest(tmp_path):
    encode_pictures(tmp_path / "a.mp4", FRAMES, Fraction(3002, 100), "mpeg2video", {}, "yuv420p")
    assert len(read_pictures(tmp_path / "a.mp4")) == len(FRAMES)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].average_rate == 30
