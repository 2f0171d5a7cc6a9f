"""The rate of a fit: what a Laplace model pays, what the steps are, and that paying for bits saves them."""

import math
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from inrv_format.families import Domain, SirenSpec
from toys import toy_picture

from invr.config import FitConfig, QuantConfig
from invr.fields import build_field
from invr.fit import PictureObjective, fit, refit
from invr.fit.loop import checked_loss
from invr.quant import quantize
from invr.quant.rate import RateModel, laplace_bits

CONFIG = FitConfig(steps=120, rows=16, columns=16, checks=12)


def toy_fit(lmbda):
    values = toy_picture()
    field = build_field(SirenSpec(24, 16, 1), Domain(*values.shape))
    field.initialise(torch.Generator().manual_seed(0))
    objective = PictureObjective(values, 8, CONFIG, "cpu")
    return field, fit(field, objective, replace(CONFIG, lmbda=lmbda), 0, lambda state: None)


@pytest.mark.parametrize("spread", [0.05, 0.4, 1.0, 30.0])
def test_the_masses_of_all_integers_sum_to_one(spread):
    q = torch.arange(-2000, 2001, dtype=torch.float64)
    mass = torch.exp2(-laplace_bits(q, torch.full_like(q, spread)))
    assert float(mass.sum()) == pytest.approx(1, abs=1e-6)


def test_bits_are_those_of_the_laplace_distribution():
    # mass of [1.5, 2.5] at scale 2: (exp(-0.75) - exp(-1.25)) / 2
    expected = -math.log2((math.exp(-0.75) - math.exp(-1.25)) / 2)
    assert float(laplace_bits(torch.tensor(-2.0), torch.tensor(2.0))) == pytest.approx(expected, rel=1e-5)


def test_bits_are_smooth_where_the_two_formulas_meet():
    q = torch.tensor([0.5 - 1e-4, 0.5 + 1e-4], dtype=torch.float64, requires_grad=True)
    bits = laplace_bits(q, torch.tensor([0.7, 0.7], dtype=torch.float64))
    bits.sum().backward()
    bits = bits.detach()
    assert float(bits[1] - bits[0]) == pytest.approx(0, abs=1e-3)
    assert float(q.grad[0]) == pytest.approx(float(q.grad[1]), rel=1e-3)


def test_rounded_tensors_are_what_the_file_will_hold():
    field, _ = toy_fit(0.0)
    rate = RateModel(field)
    rate.start(field)
    tensors, _ = rate.substitutes(field, None)
    for stored in quantize(field, QuantConfig(), rate.steps()):
        np.testing.assert_allclose(tensors[stored.name].detach(), stored.dequantize(), rtol=1e-5, atol=1e-7)


def test_noise_moves_a_weight_by_half_a_step_at_most():
    field, _ = toy_fit(0.0)
    rate = RateModel(field)
    rate.start(field)
    tensors, _ = rate.substitutes(field, torch.rand(rate.weights, generator=torch.Generator().manual_seed(0)))
    moved = torch.cat(
        [(tensors[name] - tensor).abs().flatten() / rate.steps()[name] for name, tensor in field.named_tensors()]
    )
    assert 0.4 < float(moved.detach().max()) <= 0.5 + 1e-3


def test_gradients_reach_weights_and_steps():
    field, _ = toy_fit(0.0)
    rate = RateModel(field)
    rate.start(field)
    tensors, bits = rate.substitutes(field, None)
    (bits + sum(tensor.square().sum() for tensor in tensors.values())).backward()
    assert float(field["hidden0.weight"].grad.abs().sum()) > 0
    assert rate.log_step.grad.abs().min() > 0
    assert rate.log_spread.grad.abs().min() > 0


def test_a_dear_bit_saves_bits():
    taken = []
    for lmbda in (1e-4, 1e-2):
        field, steps = toy_fit(lmbda)
        symbols = quantize(field, QuantConfig(), steps)
        taken.append(sum(int(np.abs(tensor.values).sum()) for tensor in symbols))
    assert taken[1] < 0.8 * taken[0]


def test_without_a_price_there_are_no_steps():
    assert toy_fit(0.0)[1] is None


def test_a_refit_moves_a_network_to_another_price_and_leaves_it_better():
    field, steps = toy_fit(1e-3)
    objective, sizes, errors = PictureObjective(toy_picture(), 8, CONFIG, "cpu"), [], []
    for lmbda in (1e-5, 1e-1):
        moved = deepcopy(field)
        config = replace(CONFIG, steps=40, lmbda=lmbda)
        found = refit(moved, steps, objective, config, 0, lambda state: None)
        sizes.append(sum(int(np.abs(tensor.values).sum()) for tensor in quantize(moved, QuantConfig(), found)))
        errors.append(checked_loss(moved, objective, 0))
    assert sizes[1] < 0.9 * sizes[0]
    assert errors[0] < checked_loss(field, objective, 0)


def test_a_refit_starts_from_the_steps_that_it_is_given():
    field, steps = toy_fit(1e-3)
    objective = PictureObjective(toy_picture(), 8, CONFIG, "cpu")
    config = replace(CONFIG, steps=2, lmbda=1e-3)
    found = refit(field, {name: 2 * step for name, step in steps.items()}, objective, config, 0, lambda state: None)
    assert all(1.8 < found[name] / steps[name] < 2.2 for name in steps)
