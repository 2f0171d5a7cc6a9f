"""Many fits as one: each gets what it gets alone, whichever others are beside it."""

import math
from dataclasses import replace

import pytest
import torch
from inrv_format.errors import FitError
from inrv_format.families import Domain, SirenSpec
from inrv_format.families.siren import GABOR, GRID, POWER
from toys import toy_picture

from invr.config import FitConfig
from invr.fields import build_field
from invr.fit import PictureObjective, Problem, batch, fit, fit_batch, fit_together
from invr.fit.draws import CountedDraws, HostDraws
from invr.fit.loop import Phase, checked_loss

SPEC = SirenSpec(24, 16, 2, GABOR, motion=GRID, lengths=(2, 2, 2))
CONFIG = FitConfig(steps=60, rows=16, columns=16, checks=6, lmbda=1e-3, batch=8)
SIZES = ((12, 16), (14, 18), (12, 16))


def problem(number, config=CONFIG, spec=SPEC):
    """A toy picture of one of the SIZES, brighter with its number."""
    height, width = SIZES[number % len(SIZES)]
    values = toy_picture(4, height, width) // 2 + 20 * number
    field = build_field(spec, Domain(*values.shape))
    field.initialise(torch.Generator().manual_seed(number))
    return Problem(field, PictureObjective(values, 8, config, "cpu"), seed=100 + number)


def problems(config=CONFIG, count=3):
    return [problem(number, config) for number in range(count)]


def quiet(*_):
    pass


def alone(one, config):
    return fit(one.field, one.objective, config, one.seed, quiet)


def errors(fitted):
    return [checked_loss(one.field, one.objective, one.seed) for one in fitted]


@pytest.mark.parametrize("lmbda", [0.0, 1e-3])
def test_a_batch_gives_what_each_fit_gives(lmbda):
    config = replace(CONFIG, lmbda=lmbda, steps=40)
    together, apart = problems(config), problems(config)
    fit_together(together, config, quiet)
    for one in apart:
        alone(one, config)
    for batched, single in zip(errors(together), errors(apart), strict=True):
        assert abs(10 * math.log10(batched / single)) < 0.1


def test_bfloat16_fits_as_well():
    config = replace(CONFIG, steps=40)
    exact, half = problems(config), problems(config)
    fit_together(exact, config, quiet)
    fit_together(half, replace(config, precision="bfloat16"), quiet)
    apart = [10 * math.log10(one / other) for one, other in zip(errors(half), errors(exact), strict=True)]
    assert 0 < max(map(abs, apart)) < 0.3
    assert abs(sum(apart) / len(apart)) < 0.1


@pytest.mark.parametrize("phase", Phase)
def test_the_first_steps_are_those_of_each_fit(phase):
    # three steps of which the first is in the phase: a fit that is stopped there has the same weights
    noise_from, round_from = {Phase.EXACT: (0.9, 0.95), Phase.NOISY: (0.0, 0.9), Phase.ROUNDED: (0.0, 0.0)}[phase]
    config = replace(CONFIG, steps=3, checks=1, noise_from=noise_from, round_from=round_from)
    together, apart = problems(config), problems(config)
    steps = fit_together(together, config, quiet)
    for batched, single, found in zip(together, apart, steps, strict=True):
        expected = alone(single, config)
        assert found == pytest.approx(expected, rel=1e-5)
        for name, tensor in single.field.named_tensors():
            torch.testing.assert_close(batched.field[name], tensor, atol=1e-5, rtol=1e-5)


def test_the_progress_of_every_problem_is_told():
    config, told = replace(CONFIG, steps=12, checks=3), []
    fit_together(problems(config), config, lambda number, progress: told.append((number, progress.step)))
    assert told == [(number, step) for step in (4, 8, 12) for number in range(3)]
    psnrs = []
    one = problem(1, config)
    fit(one.field, one.objective, config, one.seed, psnrs.append)
    batched = []
    fit_together(problems(config), config, lambda number, progress: batched.append((number, progress.psnr_db)))
    assert [psnr for number, psnr in batched if number == 1] == pytest.approx([p.psnr_db for p in psnrs], abs=1e-3)


def test_what_cannot_be_stacked_is_fitted_all_the_same():
    config = replace(CONFIG, steps=8, checks=2)
    embedded = SirenSpec(8, 8, 1, embedding=POWER, lengths=(3, 3, 2), scales=(1.4, 1.3, 1.2))
    mixed = [problem(0, config), problem(0, config, embedded), problem(1, config)]
    starts = errors(mixed)
    numbers = set()
    steps = fit_together(mixed, config, lambda number, _: numbers.add(number))
    assert numbers == {0, 1, 2}
    assert [set(one) for one in steps] == [set(dict(one.field.named_tensors())) for one in mixed]
    assert all(after < before for after, before in zip(errors(mixed), starts, strict=True))


def test_one_that_diverges_is_fitted_again_alone(monkeypatch):
    config, answers = replace(CONFIG, steps=12, checks=2), iter([False, True])
    monkeypatch.setattr(batch, "has_diverged", lambda *_: next(answers, False))
    together, single = problems(config), problem(1, config)
    steps = fit_together(together, config, quiet)
    assert steps[1] == alone(single, config)
    for name, tensor in single.field.named_tensors():
        assert torch.equal(together[1].field[name], tensor)


def test_numbers_that_are_none_do_not_spread():
    config = replace(CONFIG, steps=12, checks=2)
    broken, whole = problems(config), problems(config)
    with torch.no_grad():
        broken[1].field["hidden0.weight"].fill_(math.nan)
    fit_together(whole, config, quiet)
    with pytest.raises(FitError, match="diverged twice"):
        fit_together(broken, config, quiet)
    assert errors(broken[::2]) == pytest.approx(errors(whole[::2]), rel=1e-4)


def test_a_network_does_not_depend_on_those_beside_it():
    config = replace(CONFIG, steps=12, checks=2)
    for draws in (HostDraws, CountedDraws):
        two, three = problems(config, 2), problems(config, 3)
        for group in (two, three):
            objectives, seeds = [one.objective for one in group], [one.seed for one in group]
            fit_batch(group, config, quiet, draws(objectives, seeds))
        assert errors(two) == pytest.approx(errors(three)[:2], rel=1e-4)
