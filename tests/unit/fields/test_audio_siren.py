"""The sound network."""

import math

import pytest
import torch
from inrv_format.families import AudioSirenSpec, Domain
from toys import toy_field

from invr.fields.audio_siren import dominant_cycles
from invr.fields.base import sample_times

DOMAIN = Domain(samples=50, channels=2)


@pytest.mark.parametrize("octaves", [0, 11])
@pytest.mark.parametrize("head_width", [0, 6])
@pytest.mark.parametrize("heads", [1, 2])
def test_heads_give_all_channels_and_differ(octaves, head_width, heads):
    field = toy_field(AudioSirenSpec(8, 8, 1, head_width, heads, octaves), DOMAIN)
    sound = field.sound(sample_times(50))
    assert sound.shape == (heads, 50, 2)
    assert heads == 1 or not torch.allclose(sound[0], sound[1])


def test_the_embedding_is_powers_of_two():
    field = toy_field(AudioSirenSpec(8, 8, 1, octaves=3), DOMAIN)
    t = torch.tensor([0.3])
    phases = [2**k * math.pi * 0.3 for k in range(3)]
    expected = [value for phase in phases for value in (math.sin(phase), math.cos(phase))]
    torch.testing.assert_close(field._octaves(t)[0], torch.tensor(expected), atol=1e-6, rtol=1e-5)


def test_start_frequencies_are_drawn_from_the_spectrum():
    t = torch.arange(400) / 400
    tone = torch.sin(2 * math.pi * 37 * t)[:, None]
    cycles = dominant_cycles(tone, 200, torch.Generator().manual_seed(0))
    assert ((cycles > 36) & (cycles < 38)).float().mean() > 0.95


def test_silence_has_start_frequencies_too():
    assert torch.isfinite(dominant_cycles(torch.zeros(64, 1), 10, torch.Generator().manual_seed(0))).all()


def test_a_wave_of_c_cycles_repeats_c_times():
    field = toy_field(AudioSirenSpec(1, 1, 0, heads=1), DOMAIN)
    field.start_at(torch.tensor([5.0]), torch.Generator().manual_seed(0))
    sound = field.sound(torch.linspace(-1, 1, 101, dtype=torch.float64))
    torch.testing.assert_close(sound[0, :80], sound[0, 20:100], atol=1e-3, rtol=1e-3)
