"""The unified network: sizes of the paper, and pairs without repeated arrays."""

import pytest
import torch
from inrv_format.families import AvSirenSpec, Domain
from inrv_format.families.base import count_weights
from toys import toy_field

from invr.config import MODELS
from invr.fields import Rows
from invr.fields.base import cell_centres, sample_times
from invr.fit.objectives import pair_indices

DOMAIN = Domain(frames=2, height=3, width=5, components=3, samples=7, channels=2)
SPEC = AvSirenSpec(branch=6, width=8, depth=2)


@pytest.mark.parametrize(("model", "count"), [("av-teacher", 2_369_029), ("av-student", 1_298_029)])
def test_parameter_counts_are_those_of_table_8_2(model, count):
    spec = AvSirenSpec(*MODELS[model].av_shape)
    assert count_weights(spec.tensor_shapes(Domain(30, 256, 448, 3, 132_300, 1))) == count


def test_first_layers_start_in_the_ranges_of_table_8_3():
    field = toy_field(AvSirenSpec(400, 8, 1), DOMAIN)
    assert 24 < field["audio_input.weight"].abs().max() <= 25
    assert 0.6 < field["video_input.weight"].abs().max() <= 2 / 3


def test_picture_and_sound_are_the_paired_values():
    """picture and sound give, point for point, what the pairs of algorithm 3 give."""
    field = toy_field(SPEC, DOMAIN)
    pixels = torch.arange(DOMAIN.pixels)
    picture, _ = field.pairs(*pair_indices(pixels, DOMAIN))
    frames = torch.arange(2).repeat_interleave(3)
    rows = Rows(frames, cell_centres(3).repeat(2), cell_centres(5))
    torch.testing.assert_close(field.picture(rows).reshape(-1, 3), picture, atol=1e-5, rtol=1e-4)
    samples = torch.arange(DOMAIN.samples)
    _, sound = field.pairs(samples % DOMAIN.pixels, samples)
    torch.testing.assert_close(field.sound(sample_times(7)), sound, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("pixels", "samples"), [(30, 7), (5, 12), (6, 6)])
def test_pairs_are_those_of_algorithm_3(pixels, samples):
    """Against the paper's own steps: repeat the shorter list, then append its first elements."""
    longer, shorter = max(pixels, samples), min(pixels, samples)
    repeated = list(range(shorter)) * (longer // shorter) + list(range(shorter))[: longer % shorter]
    domain = Domain(frames=1, height=1, width=pixels, components=3, samples=samples, channels=1)
    first, second = pair_indices(torch.arange(longer), domain)
    assert (second if pixels >= samples else first).tolist() == repeated


def test_scaling_the_sound_leaves_the_picture():
    field = toy_field(SPEC, DOMAIN)
    rows = Rows(torch.zeros(3, dtype=torch.long), cell_centres(3), cell_centres(5))
    with torch.no_grad():
        picture, sound = field.picture(rows), field.sound(sample_times(7))
        for name in field.sound_outputs():
            field[name].mul_(0.25)
        torch.testing.assert_close(field.picture(rows), picture)
        torch.testing.assert_close(field.sound(sample_times(7)), 0.25 * sound)
