"""Quantization by the equations."""

import math

import numpy as np
import pytest
import torch
from inrv_format.families import AudioSirenSpec, Domain, SirenSpec
from inrv_format.quantization import ASYMMETRIC, SYMMETRIC, storable_scale
from inrv_format.tensors import pack, unpack
from toys import toy_field

from invr.config import QuantConfig
from invr.quant import dequantize, quantize, quantize_tensor
from invr.quant.linear import quantize_by_step

WEIGHTS = np.random.default_rng(0).normal(0.3, 1.0, (40, 30))


@pytest.mark.parametrize("bits", range(2, 25))
@pytest.mark.parametrize("symmetric", [True, False])
def test_the_error_is_at_most_half_a_step(bits, symmetric):
    tensor = quantize_tensor("w", WEIGHTS, bits, symmetric)
    slack = 0.5 if symmetric else 1.0
    assert np.abs(tensor.dequantize() - WEIGHTS).max() <= slack * tensor.header.scale * (1 + 1e-3) + 1e-6
    low, high = tensor.header.q_range
    assert low <= tensor.values.min() <= tensor.values.max() <= high


def test_the_symmetric_scale_is_equation_5_12_rounded_up_to_what_the_file_holds():
    tensor = quantize_tensor("w", WEIGHTS, 8, True)
    exact = np.abs(WEIGHTS).max() / 127
    assert exact <= tensor.header.scale <= exact * (1 + 2**-7)
    assert tensor.header.scale == storable_scale(tensor.header.scale)
    assert (tensor.header.mode, tensor.header.zero_point) == (SYMMETRIC, 0)


def test_the_asymmetric_zero_point_makes_zero_exact():
    tensor = quantize_tensor("w", np.array([0.0, 1.0, 7.3, -0.2]), 8, False)
    assert tensor.header.mode == ASYMMETRIC
    assert tensor.dequantize()[0] == 0.0


def test_asymmetric_uses_the_range_of_one_sided_weights():
    positive = np.abs(WEIGHTS)
    errors = [np.abs(quantize_tensor("w", positive, 6, s).dequantize() - positive).mean() for s in (True, False)]
    assert errors[1] < 0.6 * errors[0]


def test_one_bit_and_all_zero_tensors_survive():
    one_bit = quantize_tensor("w", WEIGHTS, 1, True)
    assert len(np.unique(one_bit.values)) == 2
    zeros = quantize_tensor("w", np.zeros((3, 2)), 16, True)
    assert not zeros.dequantize().any()


@pytest.mark.parametrize("bits", [1, 4, 8, 9, 16, 17, 24])
@pytest.mark.parametrize("symmetric", [True, False])
def test_packed_integers_come_back(bits, symmetric):
    tensor = quantize_tensor("w", WEIGHTS, bits, symmetric)
    raw = pack((tensor,))
    assert len(raw) == WEIGHTS.size * math.ceil(bits / 8)
    (again,) = unpack(raw, [tensor.header], [("w", WEIGHTS.shape)])
    assert (again.values == tensor.values).all()


def test_a_field_takes_its_dequantized_weights():
    field = toy_field(SirenSpec(6, 5, 1), Domain(2, 3, 4, 3))
    symbols = quantize(field, QuantConfig(bits=5))
    dequantize(symbols, field)
    for tensor in symbols:
        assert np.array_equal(field[tensor.name].detach().numpy(), tensor.dequantize())


@pytest.mark.parametrize(("cycles", "bits"), [(20_000, 23), (100, 15), (0.4, 7)])
def test_a_wave_keeps_its_phase_whatever_the_other_bits(cycles, bits):
    """At the chunk's ends a wave of so many periods is off by at most a 512th of a turn."""
    field = toy_field(AudioSirenSpec(4, 4, 1), Domain(samples=50_000, channels=1))
    field.start_at(torch.full((4,), float(cycles)), torch.Generator().manual_seed(0))
    tensor = quantize(field, QuantConfig(bits=4))[0]
    error = np.abs(tensor.dequantize() - field["first.weight"].detach().numpy()).max() * 30 / (2 * np.pi)
    assert error <= 1 / 512 * (1 + 1e-2)
    assert tensor.header.bits == bits
    assert quantize(field, QuantConfig(bits=4))[2].header.bits == 4


def test_other_tensors_have_no_phase():
    field = toy_field(SirenSpec(6, 5, 1, motion=1), Domain(2, 3, 4, 3))
    gains = {name: field.phase_gain(name) for name, _ in field.named_tensors()}
    assert gains["first.weight"] == gains["first.bias"] == 30.0
    assert gains["motion"] == pytest.approx(30 * field["first.weight"][:, :2].abs().max().item())
    assert gains["hidden0.weight"] is gains["output.bias"] is None


@pytest.mark.parametrize("bits", [4, 16])
def test_phases_are_not_kept_on_request(bits):
    field = toy_field(AudioSirenSpec(4, 4, 1), Domain(samples=50_000, channels=1))
    field.start_at(torch.full((4,), 20_000.0), torch.Generator().manual_seed(0))
    assert {tensor.header.bits for tensor in quantize(field, QuantConfig(bits, keep_phases=False))} == {bits}
    assert quantize(field, QuantConfig(bits))[0].header.bits == 23


def test_motion_is_stored_as_what_changes():
    motion = np.cumsum(np.random.default_rng(0).normal(0, 0.01, (40, 6)), axis=0)
    tensor = quantize_by_step("motion", motion, 0.004)
    assert np.abs(tensor.dequantize() - motion).max() <= 0.5 * tensor.header.scale * (1 + 1e-6)
    assert np.abs(tensor.values).max() < np.abs(motion).max() / tensor.header.scale
