"""The source's own packets: what a chunk of them decodes to is what the whole source decodes to."""

from dataclasses import replace
from itertools import pairwise

import av
import numpy as np
import pytest
import soundfile
from inrv_format.errors import InputError

from invr.media import MediaReader, ReadConfig, copy_packets, decode_packets
from invr.media.chunks import Sound, SoundLine
from invr.media.copied import EMPTY_COMMENTS, first_needed, without_comments
from invr.media.transcode import encode_sound
from invr.metrics.fidelity import CEILING_DB, snr_db
from invr.signals import SourceCodec, SourcePacket

RATE_HZ, SECONDS = 48_000, 1.5
ENCODERS = {
    "a.mp4": "aac",
    "a.ts": "aac",
    "a.mp3": "libmp3lame",
    "a.ac3": "ac3",
    "a.eac3": "eac3",
    "a.m4a": "alac",
    "a.mka": "flac",
    "a.opus": "libopus",
    "b.mkv": "libopus",
}
# Opus goes on from what it decoded before; AC-3 fills what has no bits with noise.
ABOUT_DB = {"a.opus": 70, "b.mkv": 70, "a.ac3": 30, "a.eac3": 30}


def tones(rate_hz=RATE_HZ, channels=2, seconds=SECONDS) -> np.ndarray:
    """A chord that swells and fades, another one in each channel."""
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    swell = 0.3 + 0.2 * np.sin(2 * np.pi * 3 * t)
    waves = [
        swell * (np.sin(2 * np.pi * hz * t) + np.sin(2.5 * np.pi * hz * t)) for hz in 300 + 70 * np.arange(channels)
    ]
    return (0.5 * np.stack(waves, axis=1)).astype(np.float32)


@pytest.fixture
def song(tmp_path):
    """`song(name)`: the chord in the container and the codec that the name says."""

    def make(name, rate_hz=RATE_HZ, channels=2, bit_rate=0):
        path = tmp_path / name
        if name.endswith(".ogg"):
            soundfile.write(path, tones(rate_hz, channels), rate_hz, format="OGG", subtype="VORBIS")
        else:
            encode_sound(path, tones(rate_hz, channels), rate_hz, ENCODERS[name], bit_rate or 96_000 * channels)
        return path

    return make


def copies(path, **config):
    """The sound of each chunk, and what its packets decode to."""
    with MediaReader(path, ReadConfig(packets=True, overlap_s=0, chunk_s=0.3, **config)) as reader:
        for chunk in reader.chunks():
            sound, audio = chunk.audio, reader.audio
            spec, packets = copy_packets(sound, audio.layout)
            yield sound, decode_packets(spec, packets, audio.sample_rate_hz, audio.layout, *sound.values.shape)


@pytest.mark.parametrize("name", [*ENCODERS, "a.ogg"])
def test_every_chunk_of_a_copy_is_its_source(song, name):
    pairs = list(copies(song(name)))
    assert len(pairs) == 5
    for sound, decoded in pairs:
        assert snr_db(sound.values, decoded) >= ABOUT_DB.get(name, CEILING_DB)


@pytest.mark.parametrize("name", ["realshort_320x240_36f.mp4", "bigbuckbunny_720p_132f_5.1.mp4"])
def test_copies_of_real_sound_are_exact(real, name):
    for sound, decoded in copies(real(f"video/{name}"), video=False):
        np.testing.assert_array_equal(decoded, sound.values)


@pytest.mark.parametrize("name", ["a.mp4", "a.mp3", "a.ogg", "a.opus", "a.mka"])
def test_a_copy_from_within_is_its_source(song, name):
    whole = np.concatenate([sound.values for sound, _ in copies(song(name))])
    part = np.concatenate([decoded for _, decoded in copies(song(name), start_s=0.25, duration_s=0.875)])
    assert part.shape == (0.875 * RATE_HZ, 2)
    assert snr_db(whole[12_000 : 12_000 + len(part)], part) >= ABOUT_DB.get(name, CEILING_DB)


@pytest.mark.parametrize(
    ("rate_hz", "bit_rate"), [(8000, 8000), (16_000, 24_000), (44_100, 40_000), (48_000, 320_000)]
)
def test_what_mp3_refers_back_to_is_kept(song, rate_hz, bit_rate):
    for sound, decoded in copies(song("a.mp3", rate_hz, 1 + (bit_rate == 320_000), bit_rate)):
        np.testing.assert_array_equal(decoded, sound.values)


@pytest.mark.parametrize(("name", "channels"), [("a.mp4", 6), ("a.ogg", 6), ("a.mka", 6), ("a.ogg", 1), ("a.mp4", 1)])
def test_channels_stay_where_they_are(song, name, channels):
    for sound, decoded in copies(song(name, channels=channels)):
        np.testing.assert_array_equal(decoded, sound.values)


@pytest.mark.parametrize("moved", [3000, -700])
def test_gaps_and_overlaps_between_packets_stay(song, tmp_path, moved):
    with av.open(song("a.mp4")) as source, av.open(tmp_path / "moved.mkv", "w") as target:
        track = target.add_stream_from_template(source.streams.audio[0])
        for packet in (packet for packet in source.demux() if packet.dts is not None):
            packet.pts = packet.dts = packet.dts + (moved if packet.dts > 20_000 else 0)
            packet.stream = track
            target.mux(packet)
    pairs = list(copies(tmp_path / "moved.mkv"))
    assert sum(len(sound.edits) for sound, _ in pairs) == 1
    for sound, decoded in pairs:
        np.testing.assert_array_equal(decoded, sound.values)


def test_silence_of_a_gap_goes_on_in_the_next_chunk():
    line = SoundLine(100, 0, [].append, SourceCodec("flac"))
    for first in (0, 60):
        line.append(Sound(np.ones((10, 1), np.float32), first, [SourcePacket(b"", first, 10)]))
    chunks = [line.take(30), line.take(None)]
    assert [chunk.edits for chunk in chunks] == [[(10, 20)], [(30, 30)]]
    assert [[packet.pts for packet in chunk.packets] for chunk in chunks] == [[0, 60], [60]]


def test_packets_are_forgotten_when_no_chunk_needs_them():
    line = SoundLine(100, 0, [].append, SourceCodec("aac"))
    for first in range(0, 1000, 10):
        line.append(Sound(np.ones((10, 1), np.float32), first, [SourcePacket(b"", first, 10)]))
    chunks = [line.take(end) for end in range(100, 1001, 100)]
    assert [len(chunk.packets) for chunk in chunks] == [10, *[11] * 9]
    assert all(after.packets[0] is before.packets[-1] for before, after in pairwise(chunks))


@pytest.mark.parametrize(
    ("codec", "samples", "size", "needed"),
    [("flac", 4096, 9, 0), ("aac", 1024, 9, 1), ("aac", 2048, 9, 12), ("opus", 960, 9, 10), ("mp3", 1152, 138, 7)],
)
def test_as_many_packets_come_before_as_the_codec_needs(codec, samples, size, needed):
    packets = [SourcePacket(bytes(size), k * samples, samples) for k in range(50)]
    assert first_needed(SourceCodec(codec), packets, 40 * samples) == 40 - needed


def test_comments_of_vorbis_are_left_out():
    first, comments, setup = b"a" * 300, b"b" * 70_000, b"c" * 9
    header = b"\2" + b"\xff\x2d" + b"\xff" * 274 + b"\x82" + first + comments + setup
    assert without_comments(header) == b"\2\xff\x2d" + bytes([len(EMPTY_COMMENTS)]) + first + EMPTY_COMMENTS + setup


def test_pcm_is_refused_with_what_is_possible(tmp_path):
    soundfile.write(tmp_path / "a.wav", tones(), RATE_HZ)
    with pytest.raises(InputError, match=r"copy of pcm_s16le: allowed are opus, .*; or --audio flac"):
        MediaReader(tmp_path / "a.wav", ReadConfig(packets=True))


def test_a_codec_without_an_id_is_refused(tmp_path):
    encode_sound(tmp_path / "a.wma", tones(), RATE_HZ, "wmav2", 96_000)
    with pytest.raises(InputError, match=r"copy of wmav2: .* or --audio inr, opus or flac"):
        MediaReader(tmp_path / "a.wma", ReadConfig(packets=True))


def test_other_channels_midway_are_refused(song, tmp_path):
    both = song("a.ac3", channels=2).read_bytes() + song("a.ac3", channels=1).read_bytes()
    (tmp_path / "both.ac3").write_bytes(both)
    with pytest.raises(InputError, match="changes its rate or channels"):
        list(copies(tmp_path / "both.ac3"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda packets: packets[:3], "less sound"),
        (lambda packets: [packets[0], replace(packets[1], samples=9), *packets[2:]], "leaves out sound"),
    ],
)
def test_packets_that_do_not_give_the_sound_are_refused(song, change, why):
    with MediaReader(song("a.mka"), ReadConfig(packets=True, overlap_s=0)) as reader:
        sound = next(reader.chunks()).audio
    with pytest.raises(InputError, match=f"--audio copy: .*{why}.*--audio flac"):
        copy_packets(replace(sound, packets=change(sound.packets)), "stereo")
