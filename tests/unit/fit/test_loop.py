"""The fit: it learns, it repeats itself, it notices divergence."""

from dataclasses import replace

import pytest
import torch
from inrv_format.errors import FitError
from inrv_format.families import Domain, SirenSpec
from toys import toy_picture

from invr.config import FitConfig
from invr.fields import build_field
from invr.fit import PictureObjective, fit
from invr.fit.loop import RESTART_RATE, penalty

CONFIG = FitConfig(steps=60, rows=16, columns=16, checks=6)


def fitted(config=CONFIG, seed=0):
    values = toy_picture()
    field = build_field(SirenSpec(24, 16, 1), Domain(*values.shape))
    field.initialise(torch.Generator().manual_seed(seed))
    states = []
    fit(field, PictureObjective(values, 8, config, "cpu"), config, seed, states.append)
    return field, states


def test_a_smooth_picture_is_learned():
    _, states = fitted(replace(CONFIG, steps=250))
    assert states[-1].psnr_db > 30
    assert states[-1].psnr_db > states[0].psnr_db + 5
    assert [state.step for state in states] == sorted({state.step for state in states})


def test_the_same_seed_gives_the_same_weights():
    (first, _), (second, _) = fitted(), fitted()
    for (_, a), (_, b) in zip(first.named_tensors(), second.named_tensors(), strict=True):
        assert torch.equal(a, b)
    other, _ = fitted(seed=1)
    assert not torch.equal(first["first.weight"], other["first.weight"])


class Diverging:
    """An objective that explodes in the middle of the first `explosions` descents."""

    peak, points, power = 2.0, 1, 1.0

    def __init__(self, explosions: int) -> None:
        self.explosions = explosions
        self.descents = 0
        self.steps = 0

    def loss(self, field, generator):
        if torch.is_grad_enabled():
            self.steps += 1
        if torch.equal(field["output.bias"], torch.ones(3)):
            self.descents, self.steps = self.descents + 1, 1
        if self.steps > 30 and self.descents <= self.explosions:
            return field["output.bias"].sum() * float("nan")
        return (field["output.bias"] ** 2).sum() + 1.0


def diverging_field():
    field = build_field(SirenSpec(2, 2, 1), Domain(1, 1, 1, 3))
    with torch.no_grad():
        field["output.bias"].fill_(1.0)
    return field


def test_divergence_is_restarted_once_from_the_start():
    objective = Diverging(explosions=1)
    fit(diverging_field(), objective, replace(CONFIG, l1=0.0), 0, lambda state: None)
    assert objective.descents == 2


def test_divergence_twice_is_an_error():
    with pytest.raises(FitError, match=str(RESTART_RATE)):
        fit(diverging_field(), Diverging(explosions=2), CONFIG, 0, lambda state: None)


def test_the_best_state_is_kept():
    class Rising:
        peak, points, power = 2.0, 1, 1.0
        calls = 0

        def loss(self, field, generator):
            if torch.is_grad_enabled():
                self.calls += 1
                return -field["output.bias"].sum()
            return torch.tensor(1.0 + abs(self.calls - 20) / 100)

    field = diverging_field()
    fit(field, Rising(), replace(CONFIG, steps=40, checks=8, l1=0.0), 0, lambda state: None)
    ended = diverging_field()
    fit(ended, Rising(), replace(CONFIG, steps=40, checks=1, l1=0.0), 0, lambda state: None)
    assert 3.0 < field["output.bias"].sum().item() < ended["output.bias"].sum().item()


def test_the_penalty_is_l1_times_the_absolute_weights():
    field = diverging_field()
    assert penalty(field, replace(CONFIG, l1=0.5)).item() == pytest.approx(1.5)
    assert penalty(field, replace(CONFIG, l1=0.0)) == 0.0


def test_frequencies_are_not_penalised():
    field = build_field(SirenSpec(2, 2, 1), Domain(1, 1, 1, 3))
    with torch.no_grad():
        field["first.weight"].fill_(1000.0)
    assert penalty(field, replace(CONFIG, l1=1.0)).item() == 0.0
    embedded = build_field(SirenSpec(2, 2, 1, embedding=1, lengths=(1, 0, 0), scales=(1.4, 0, 0)), Domain(1, 1, 1, 3))
    with torch.no_grad():
        embedded["first.weight"].fill_(1.0)
    assert penalty(embedded, replace(CONFIG, l1=1.0)).item() == 10.0
