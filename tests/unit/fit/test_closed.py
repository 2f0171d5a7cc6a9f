"""Sound solved for, not fitted."""

import math

import pytest
import torch
from inrv_format.families import Domain

from invr.config import REFERENCE_LMBDA, QuantConfig
from invr.fields import build_field
from invr.fields.base import sample_times
from invr.fields.lapped import Lapped
from invr.fit.closed import choose_lapped, solve, squared_error, step_of
from invr.quant import quantize

RATE_HZ = 16_000


def tones(channels: int = 1, seconds: float = 0.5) -> torch.Tensor:
    t = torch.arange(int(seconds * RATE_HZ)) / RATE_HZ
    generator = torch.Generator().manual_seed(0)
    sound = sum(torch.sin(2 * math.pi * hz * t) * level for hz, level in ((220, 0.3), (991, 0.1), (4100, 0.03)))
    noise = 0.003 * torch.randn(len(t), channels, generator=generator)
    return sound[:, None].repeat(1, channels) + noise


def solved(values: torch.Tensor, lmbda: float) -> tuple[Lapped, dict[str, float] | None]:
    spec = choose_lapped(values, RATE_HZ, lmbda or REFERENCE_LMBDA)
    field = build_field(spec, Domain(samples=len(values), channels=values.shape[1]))
    assert isinstance(field, Lapped)
    return field, solve(field, values, lmbda)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_without_a_price_of_bits_the_sound_comes_back(channels):
    values = tones(channels)
    field, steps = solved(values, 0.0)
    assert steps is None
    torch.testing.assert_close(field.sound(sample_times(len(values)))[0], values, atol=1e-5, rtol=0)
    assert squared_error(field, values) < 1e-10


def test_the_error_of_the_waves_is_that_of_the_samples():
    values = tones(2)
    field, _ = solved(values, REFERENCE_LMBDA)
    sound = field.sound(sample_times(len(values)))[0].detach()
    assert squared_error(field, values) == pytest.approx(float((sound - values).square().mean()), rel=0.15)


def test_weights_are_whole_steps_and_cheaper_bits_give_less_error():
    values, errors, counts = tones(), [], []
    for lmbda in (4 * REFERENCE_LMBDA, REFERENCE_LMBDA, REFERENCE_LMBDA / 16):
        field, steps = solved(values, lmbda)
        assert steps is not None
        for tensor in quantize(field, QuantConfig(), steps):
            torch.testing.assert_close(
                torch.from_numpy(tensor.dequantize()), field[tensor.name].detach(), rtol=1e-6, atol=0
            )
        errors.append(squared_error(field, values))
        counts.append(int((field["amplitude"] != 0).sum()))
    assert errors == sorted(errors, reverse=True)
    assert counts == sorted(counts)


def test_noise_takes_the_place_of_what_became_zero():
    generator = torch.Generator().manual_seed(0)
    values = 0.02 * torch.randn(RATE_HZ, 1, generator=generator)
    field, _ = solved(values, 64 * REFERENCE_LMBDA)
    assert (field["amplitude"] == 0).float().mean() > 0.9
    sound = field.sound(sample_times(len(values)))[0].detach()
    assert 0.25 < float(sound.std() / values.std()) < 1


def test_a_step_follows_the_square_root_of_the_price():
    assert step_of(4 * REFERENCE_LMBDA) / step_of(REFERENCE_LMBDA) == pytest.approx(2)


def test_clicks_get_shorter_windows_than_tones():
    clicks = torch.zeros(RATE_HZ, 1)
    clicks[::1600] = 0.9
    assert choose_lapped(clicks, RATE_HZ, REFERENCE_LMBDA).hop < choose_lapped(tones(), RATE_HZ, REFERENCE_LMBDA).hop


def test_two_like_channels_are_joint_and_unlike_ones_are_not():
    like = tones(2)
    unlike = torch.stack([like[:, 0], torch.randn(len(like), generator=torch.Generator().manual_seed(1)) / 9], dim=1)
    assert choose_lapped(like, RATE_HZ, REFERENCE_LMBDA).joint
    assert not choose_lapped(unlike, RATE_HZ, REFERENCE_LMBDA).joint


def test_silence_has_weights_of_zero():
    values = torch.zeros(4000, 2)
    field, _ = solved(values, REFERENCE_LMBDA)
    assert not field["amplitude"].any()
    assert not field["floor"].any()
    assert not field.sound(sample_times(4000)).any()


@pytest.mark.parametrize("rate_hz", [100, 8000, 44_100, 192_000, 768_000])
def test_any_rate_has_a_hop_and_nothing_above_20_khz(rate_hz):
    spec = choose_lapped(torch.randn(3000, 1), rate_hz, REFERENCE_LMBDA)
    assert 0.003 < spec.hop / rate_hz < 0.05 or spec.hop in (64, 2048)
    assert (spec.waves - 1) / spec.hop * rate_hz / 2 <= 20_000
