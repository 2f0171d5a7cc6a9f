"""Which frames and samples belong together, and what is said when none do."""

from fractions import Fraction

import numpy as np
import pytest
from inrv_format.errors import InputError
from inrv_format.streams import VideoStream

from invr.compare.clips import Clip, Sound
from invr.compare.pairing import best_delay, paired_frames, paired_samples
from invr.decoder import DecodedFrame

FRAME = np.zeros((2, 3, 3), np.uint8)


def clip(name, pts, base=Fraction(1, 1000), rate=25):
    video = VideoStream(3, 2, base, average_rate=Fraction(rate))
    return Clip(name, video, None, iter([DecodedFrame(FRAME, time, 1) for time in pts]))


def times(one, other):
    return [time_s for _, _, time_s in paired_frames(one, other)]


def test_times_count_from_each_files_first_frame():
    assert times(clip("a", [0, 40, 80]), clip("b", [500, 540, 580])) == [0.0, 0.04, 0.08]


def test_a_containers_rounding_is_no_difference():
    exact = clip("a", [0, 1001, 2002], Fraction(1, 30000))
    assert len(times(exact, clip("b", [0, 33, 67]))) == 3


def test_a_dropped_frame_is_named():
    with pytest.raises(InputError, match=r"frame 1 is shown at 0.040 s in a and at 0.080 s in b"):
        times(clip("a", [0, 40, 80]), clip("b", [0, 80]))


def test_counts_are_told():
    with pytest.raises(InputError, match="a has 2, b has 5"):
        times(clip("a", [0, 40]), clip("b", [0, 40, 80, 120, 160]))


def test_rates_are_told():
    one, other = clip("a", [0, 40, 80], rate=25), clip("b", [0, 33, 67], rate=30)
    with pytest.raises(InputError, match=r"frame 2 .* 0.067 s in b \(frame rates 25.000 and 30.000\)"):
        times(one, other)


def test_a_wrong_claim_about_the_rate_does_no_harm():
    assert len(times(clip("a", [0, 40], rate=25), clip("b", [0, 40], rate=1000))) == 2


def tone(samples, first=0):
    values = np.random.default_rng(0).standard_normal((samples, 1)).astype(np.float32)
    return Sound(values, first)


@pytest.mark.parametrize("delay", [-37, 0, 1105])
def test_a_delay_is_found(delay):
    reference = tone(4000)
    moved = Sound(np.roll(np.pad(reference.values, ((0, 2000), (0, 0))), delay, axis=0), 0)
    assert best_delay(reference, moved, 2000) == delay


def test_samples_are_paired_by_their_time():
    reference = tone(1000, first=100)
    one, other = paired_samples(reference, Sound(reference.values[50:], 150), 8000)
    assert np.array_equal(one[50:], other[50:])
    assert not other[:50].any()


def test_a_codecs_tail_is_cut_off():
    reference = tone(1000)
    longer = Sound(np.pad(reference.values, ((0, 500), (0, 0))), 0)
    one, other = paired_samples(reference, longer, 8000)
    assert np.array_equal(one, other)


def test_other_lengths_are_told():
    with pytest.raises(InputError, match="lengths of sound differ: 1000 and 3000 samples"):
        paired_samples(tone(1000), tone(3000), 8000)
