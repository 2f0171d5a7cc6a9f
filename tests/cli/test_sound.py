"""Sound on the command line: networks, packets in their place, and sample rates."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from toys import run_invr as invr
from toys import toy_clip

from invr.media import MediaReader, ReadConfig
from invr.media.transcode import encode_sound
from invr.metrics.fidelity import CEILING_DB

RATE_HZ, COUNT = 16_000, 24_000
QUICK = ("-j", "1", "--steps", "5", "--chunk-frames", "4")


@pytest.fixture(scope="module")
def song(tmp_path_factory) -> Path:
    """1.5 s of two tones, 16 bits, stereo."""
    t = np.arange(COUNT) / RATE_HZ
    left, right = (0.4 * np.sin(2 * np.pi * hz * t) + 0.05 * np.sin(2 * np.pi * 7 * hz * t) for hz in (220, 330))
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, np.stack([left, right], axis=1), RATE_HZ, "PCM_16")
    return path


def decoded(
    song: Path, folder: Path, *options: object, decode: tuple[object, ...] = ()
) -> tuple[np.ndarray, int, str]:
    """The song after an encode with these options, its rate, and what the encode said."""
    done = invr("encode", song, "-o", folder / "a.inrv", "-y", *options)
    assert done.returncode == 0, done.stderr
    back = invr("decode", folder / "a.inrv", "-o", folder / "back.wav", "-y", *decode)
    assert back.returncode == 0, back.stderr
    values, rate_hz = soundfile.read(folder / "back.wav", dtype="float32")
    return values, rate_hz, done.stderr


def snr_db(song: Path, values: np.ndarray) -> float:
    wanted, _ = soundfile.read(song, dtype="float32")
    assert values.shape == wanted.shape
    return float(10 * np.log10(np.square(wanted).sum() / np.square(values - wanted).sum()))


def test_a_network_of_sound_is_near_its_source(song, tmp_path):
    values, rate_hz, _ = decoded(song, tmp_path)
    assert rate_hz == RATE_HZ
    assert snr_db(song, values) > 20
    shown = json.loads(invr("info", tmp_path / "a.inrv", "--json").stdout)
    assert shown["networks"][0].startswith("lapped (")


def test_flac_is_exact(song, tmp_path):
    values, _, _ = decoded(song, tmp_path, "--audio", "flac")
    np.testing.assert_array_equal(values, soundfile.read(song, dtype="float32")[0])
    assert invr("test", tmp_path / "a.inrv").returncode == 0
    shown = json.loads(invr("info", tmp_path / "a.inrv", "--json", "--chunks").stdout)
    assert shown["chunks"][0]["networks"][0]["spec"]["codec"] == "flac"


def test_opus_follows_quality(song, tmp_path):
    sizes = []
    for quality in (20, 80):
        values, _, _ = decoded(song, tmp_path, "--audio", "opus", "--quality", quality)
        assert snr_db(song, values) > (5 if quality == 20 else 15)
        sizes.append((tmp_path / "a.inrv").stat().st_size)
    assert sizes[1] > 2 * sizes[0]


def test_a_part_of_packets_is_where_it_belongs(song, tmp_path):
    values, _, _ = decoded(song, tmp_path, "--audio", "flac", decode=("-ss", "0.5", "-t", "0.25"))
    wanted, _ = soundfile.read(song, dtype="float32")
    np.testing.assert_array_equal(values, wanted[RATE_HZ // 2 : RATE_HZ * 3 // 4])


def test_none_leaves_the_sound_out(song, tmp_path):
    done = invr("encode", song, "-o", tmp_path / "a.inrv", "--audio", "none")
    assert done.returncode == 3
    assert not (tmp_path / "a.inrv").exists()


def test_another_name_is_wrong_usage(song, tmp_path):
    done = invr("encode", song, "-o", tmp_path / "a.inrv", "--audio", "mp3")
    assert done.returncode == 2
    assert "inr, opus, flac, copy, none" in done.stderr


@pytest.fixture(scope="module")
def mp3(song, tmp_path_factory) -> Path:
    """The song as MP3."""
    path = tmp_path_factory.mktemp("mp3") / "song.mp3"
    encode_sound(path, soundfile.read(song, dtype="float32")[0], RATE_HZ, "libmp3lame", 64_000)
    return path


def test_a_copy_has_the_packets_of_its_source(mp3, tmp_path):
    values, _, _ = decoded(mp3, tmp_path, "--audio", "copy", "--verify", "-ss", "0.5")
    with MediaReader(mp3, ReadConfig()) as reader:
        wanted = np.concatenate([chunk.audio.values for chunk in reader.chunks()])[RATE_HZ // 2 :]
    np.testing.assert_allclose(values, wanted, atol=2**-15)
    (chunk,) = json.loads(invr("info", tmp_path / "a.inrv", "--json", "--chunks").stdout)["chunks"]
    assert chunk["networks"][0]["spec"]["codec"] == "mp3"
    assert chunk["snr_db"] == CEILING_DB


def test_a_copy_of_what_has_no_packets_is_refused(song, tmp_path):
    done = invr("encode", song, "-o", tmp_path / "a.inrv", "--audio", "copy")
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "pcm_s16le" in line
    assert "--audio flac" in line
    assert not (tmp_path / "a.inrv").exists()


def test_a_copy_is_foreseen_and_follows_no_goal(mp3, tmp_path):
    options = ("--audio", "copy", "--target-size", "5k")
    found = json.loads(invr("estimate", mp3, "--json", *options[:2]).stdout)
    done = invr("encode", mp3, "-o", tmp_path / "a.inrv", *options)
    assert done.returncode == 10
    assert found["size_bytes"] == pytest.approx((tmp_path / "a.inrv").stat().st_size, rel=0.05)


@pytest.mark.parametrize(("options", "kinds"), [((), ["video", "audio"]), (("-an",), ["video"])])
def test_pictures_get_the_sound_of_their_chunk_as_it_is(tmp_path, options, kinds):
    clip = toy_clip(tmp_path, 12, rate_hz=48_000)
    done = invr("encode", clip, "-o", tmp_path / "a.inrv", "--audio", "copy", *QUICK, *options)
    assert done.returncode == 0, done.stderr
    shown = json.loads(invr("info", tmp_path / "a.inrv", "--json", "--chunks").stdout)
    assert [stream["codec_type"] for stream in shown["streams"]] == kinds
    assert {chunk.get("snr_db") for chunk in shown["chunks"]} == {CEILING_DB if "audio" in kinds else None}


@pytest.mark.parametrize("audio", ["inr", "flac"])
def test_any_sample_rate_comes_out(song, tmp_path, audio):
    values, rate_hz, _ = decoded(song, tmp_path, "--audio", audio, decode=("-ar", "44100"))
    assert rate_hz == 44_100
    assert abs(len(values) - COUNT * 44_100 / RATE_HZ) <= 1
    t = np.arange(len(values)) / 44_100
    wanted = 0.4 * np.sin(2 * np.pi * 220 * t) + 0.05 * np.sin(2 * np.pi * 1540 * t)
    inner = slice(2000, -2000)
    assert np.square(values[inner, 0] - wanted[inner]).mean() < 0.01 * np.square(wanted).mean()


def test_a_bitrate_is_kept_by_sound_alone(song, tmp_path):
    decoded(song, tmp_path, "-b", "40k")
    bits_per_s = 8 * (tmp_path / "a.inrv").stat().st_size / (COUNT / RATE_HZ)
    assert 0.9 * 40_000 <= bits_per_s <= 40_000


def test_poor_sound_names_the_alternative(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, RATE_HZ)
    soundfile.write(tmp_path / "noise.wav", noise, RATE_HZ, "PCM_16")
    done = invr("encode", tmp_path / "noise.wav", "-o", tmp_path / "a.inrv", "--quality", "0")
    assert done.returncode == 0
    assert "--audio opus" in done.stderr
