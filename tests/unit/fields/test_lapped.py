"""The lapped network of sound."""

import math
from itertools import pairwise

import pytest
import torch
from inrv_format.errors import InvalidDataError
from inrv_format.families import Domain, LappedSpec

from invr.fields import build_field
from invr.fields.base import sample_times
from invr.fields.lapped import Lapped, mid_side
from invr.fields.mdct import windowed_cosines

HOP = 32


def lapped(samples: int, channels: int = 1, **fields) -> Lapped:
    field = build_field(
        LappedSpec(HOP, fields.pop("waves", HOP), **fields), Domain(samples=samples, channels=channels)
    )
    assert isinstance(field, Lapped)
    return field


def test_the_waves_of_all_frames_are_orthonormal():
    frames = torch.zeros(3, HOP, 4 * HOP, dtype=torch.float64)
    for k in range(3):
        frames[k, :, k * HOP : (k + 2) * HOP] = windowed_cosines(torch.arange(2 * HOP), HOP, HOP).t()
    rows = frames.reshape(3 * HOP, -1)
    torch.testing.assert_close(rows @ rows.t(), torch.eye(3 * HOP, dtype=torch.float64), atol=1e-6, rtol=0)


def test_one_weight_is_one_windowed_cosine():
    field = lapped(5 * HOP)
    k, n, weight = 2, 5, 0.25
    with torch.no_grad():
        field["amplitude"][0, k, n] = -weight
        field["gain"][:, 1] = 3.0
    m = torch.arange(2 * HOP, dtype=torch.float64) + 0.5
    window = math.sqrt(2 / HOP) * torch.sin(math.pi * m / (2 * HOP))
    wave = window * torch.cos(math.pi / HOP * (m + HOP / 2) * (n + 0.5))
    expected = torch.zeros(5 * HOP, dtype=torch.float64)
    expected[(k - 1) * HOP : (k + 1) * HOP] = -8 * weight * wave  # waves 4 to 7 are band 1
    sound = field.sound(sample_times(5 * HOP))
    assert sound.shape == (1, 5 * HOP, 1)
    torch.testing.assert_close(sound[0, :, 0].double(), expected, atol=1e-6, rtol=1e-5)


def test_blocks_of_times_give_what_all_of_them_give():
    field = lapped(150, 2, joint=True, exponent=1.5)
    torch.manual_seed(0)
    for _, tensor in field.named_tensors():
        tensor.data.normal_()
    t = sample_times(150)
    parts = [field.sound(part) for part in torch.split(t, 47)]
    torch.testing.assert_close(torch.cat(parts, dim=1), field.sound(t))


def test_samples_in_any_order_are_those_in_a_row():
    field = lapped(150, 2, exponent=1.5)
    for _, tensor in field.named_tensors():
        tensor.data.normal_(generator=torch.Generator().manual_seed(1))
    order = torch.randperm(150, generator=torch.Generator().manual_seed(0))
    t = sample_times(150)
    torch.testing.assert_close(field.sound(t[order])[0], field.sound(t)[0][order], atol=1e-5, rtol=1e-4)


def test_between_samples_the_waves_go_on():
    field = lapped(4 * HOP)
    with torch.no_grad():
        field["amplitude"][0, 2, 1] = 1.0
    t = sample_times(4 * HOP)
    between = (t[1:] + t[:-1]) / 2
    sound, middle = field.sound(t)[0, :, 0], field.sound(between)[0, :, 0]
    torch.testing.assert_close(middle, (sound[1:] + sound[:-1]) / 2, atol=5e-3, rtol=0)


def test_a_weight_of_zero_is_noise_at_the_floor_of_its_span():
    field = lapped(10 * HOP, waves=16, span=3, exponent=2.0)
    with torch.no_grad():
        field["floor"][1, 2] = 0.5
        field["gain"][:, 2] = 1.0
        field["amplitude"][0, 4, 9] = 3.0
    waves = field.coefficients(0, 11)[0]
    assert waves.shape == (11, 16)
    expected = torch.zeros(11, 16)
    expected[3:6, 8:12] = 2 * 0.5**2
    expected[4, 9] = 2 * 3.0**2
    torch.testing.assert_close(waves.abs(), expected)
    noise = waves[3:6, 8:12]
    assert 0 < (noise > 0).sum() < noise.numel()


def test_joint_channels_are_sum_and_difference():
    values = torch.randn(20, 2)
    torch.testing.assert_close(mid_side(mid_side(values)), values)
    apart, joint = lapped(100, 2), lapped(100, 2, joint=True)
    with torch.no_grad():
        apart["amplitude"].normal_()
        joint["amplitude"].copy_(apart["amplitude"])
    t = sample_times(100)
    torch.testing.assert_close(joint.sound(t)[0], mid_side(apart.sound(t)[0]))


@pytest.mark.parametrize(
    "fields",
    [{"hop": 4096}, {"waves": 15}, {"waves": 65}, {"span": 0}, {"exponent": 5.0}, {"exponent": math.nan}],
)
def test_specs_out_of_range_are_refused(fields):
    with pytest.raises(InvalidDataError):
        LappedSpec(**({"hop": 64, "waves": 64} | fields))


def test_joint_sound_needs_two_channels():
    with pytest.raises(InvalidDataError):
        LappedSpec(64, 64, joint=True).tensor_shapes(Domain(samples=100, channels=1))


def test_bands_cover_all_waves_and_widen():
    bands = LappedSpec(1024, 1000).bands
    assert bands[0] == (0, 4)
    assert bands[-1][1] == 1000
    assert all(one[1] == other[0] for one, other in pairwise(bands))
    widths = [end - begin for begin, end in bands[:-1]]
    assert widths == sorted(widths)
    assert len(bands) == 23
