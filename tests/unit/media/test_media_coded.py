"""Sound as packets of an ordinary codec."""

import av
import numpy as np
import pytest
from inrv_format.errors import InputError, InvalidDataError
from inrv_format.families import CodedSpec

from invr.media import decode_packets, encode_packets
from invr.media.coded import edited

RATES_HZ = (8000, 11_025, 16_000, 44_100, 48_000, 96_000)


def tones(rate_hz: int, channels: int, seconds: float = 0.3) -> np.ndarray:
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    waves = [0.4 * np.sin(2 * np.pi * (300 + 130 * k) * t) for k in range(channels)]
    return np.stack(waves, axis=1).astype(np.float32)


def there_and_back(values, rate_hz, layout, codec, **settings):
    spec, packets = encode_packets(values, rate_hz, layout, codec, **settings)
    assert CodedSpec.parse(spec.pack()) == spec
    return decode_packets(spec, packets, rate_hz, layout, *values.shape)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(("bit_depth", "largest"), [(16, 1 << 15), (24, 1 << 23)])
def test_flac_is_exact(rate_hz, channels, bit_depth, largest):
    values = (np.rint(tones(rate_hz, channels) * largest) / largest).astype(np.float32)
    np.testing.assert_array_equal(there_and_back(values, rate_hz, "", "flac", bit_depth=bit_depth), values)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "5.1(side)", "3.0", ""])
def test_opus_keeps_time_and_channels(rate_hz, layout):
    channels = len(av.AudioLayout(layout).channels) if layout else 2
    values = tones(rate_hz, channels)
    decoded = there_and_back(values, rate_hz, layout, "opus", bit_rate=64_000 * channels)
    assert decoded.shape == values.shape
    for k in range(channels):
        error = np.square(decoded[:, k] - values[:, k]).mean() / np.square(values[:, k]).mean()
        assert error < 10**-2.5, (k, error)


@pytest.mark.parametrize("codec", ["opus", "flac"])
@pytest.mark.parametrize("count", [1, 100, 961])
def test_short_sound_has_all_its_samples(codec, count):
    values = tones(48_000, 1)[:count]
    assert there_and_back(values, 48_000, "mono", codec, bit_rate=32_000).shape == (count, 1)


def test_sound_that_a_codec_does_not_take_is_refused():
    with pytest.raises(InputError, match="--audio opus"):
        encode_packets(np.zeros((100, 9), np.float32), 48_000, "", "opus")


@pytest.mark.parametrize("codec", ["opus", "flac"])
def test_damaged_packets_are_refused_or_give_sound_of_the_right_shape(codec):
    values = tones(16_000, 1)
    spec, packets = encode_packets(values, 16_000, "mono", codec, bit_rate=24_000)
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(40):
        damaged = list(packets)
        place = int(generator.integers(len(damaged)))
        data = bytearray(damaged[place])
        data[int(generator.integers(len(data)))] ^= int(generator.integers(1, 256))
        damaged[place] = bytes(data)
        try:
            assert decode_packets(spec, tuple(damaged), 16_000, "mono", *values.shape).shape == values.shape
        except InvalidDataError:
            refused += 1
    assert codec == "opus" or refused


@pytest.mark.parametrize("codec", ["opus", "flac"])
def test_missing_packets_and_other_channels_are_damage(codec):
    values = tones(16_000, 1)
    spec, packets = encode_packets(values, 16_000, "mono", codec, bit_rate=24_000)
    with pytest.raises(InvalidDataError, match="samples"):
        decode_packets(spec, packets[: len(packets) // 2], 16_000, "mono", *values.shape)
    with pytest.raises(InvalidDataError):
        decode_packets(spec, packets, 16_000, "stereo", len(values), 2)


@pytest.mark.parametrize(
    ("edits", "wanted"),
    [
        ((), [2, 3, 4, 5, 6]),
        (((0, 2),), [0, 0, 2, 3, 4]),
        (((1, 2), (4, -2)), [2, 0, 0, 3, 6]),
        (((1, -1), (1, -2)), [2, 6, 7, 8, 9]),
        (((3, 99), (102, -1)), [2, 3, 4, 0, 0]),
        (((5, 9), (20, -1)), [2, 3, 4, 5, 6]),
    ],
)
def test_edits_put_silence_in_and_drop_samples(edits, wanted):
    values = np.arange(20, dtype=np.float32)[:, None]
    assert edited(CodedSpec("mp3", 8000, 2, b"", edits), values, 5)[:, 0].tolist() == wanted


def test_packets_after_the_sound_are_not_decoded():
    values = tones(16_000, 1)
    spec, packets = encode_packets(values, 16_000, "mono", "opus", bit_rate=24_000)
    longer = packets + (b"\xff" * 5,) * 10
    decoded = decode_packets(spec, longer, 16_000, "mono", *values.shape)
    np.testing.assert_allclose(decoded, decode_packets(spec, packets, 16_000, "mono", *values.shape), atol=1e-6)
