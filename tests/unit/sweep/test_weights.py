"""Signal-to-quantization-noise ratios and histograms of weights."""

import math

import numpy as np
import pytest
import torch
from inrv_format.families import Domain, SirenSpec
from toys import toy_field

from invr.config import QuantConfig
from invr.fields import build_field
from invr.quant import quantize, quantize_tensor
from invr.sweep.weights import BINS, QuantizationNoise, _histogram, sqnr_db

SPEC, DOMAIN = SirenSpec(6, 5, 1, motion=1), Domain(2, 3, 4, 3)
UNIFORM = np.random.default_rng(0).uniform(-1, 1, (200, 100))


def noise_at(bits, field=None, **options):
    field = field or toy_field(SPEC, DOMAIN)
    noise = QuantizationNoise()
    for symbols in quantize(field, QuantConfig(bits, **options)):
        noise.add("siren", field, symbols)
    return noise


def test_sqnr_by_hand():
    # (3^2 + 4^2) / (0.5^2 + 0^2) = 100
    assert sqnr_db(np.array([3.0, 4.0]), np.array([3.5, 4.0])) == pytest.approx(20.0)
    assert sqnr_db(np.array([3.0, 4.0]), np.array([3.0, 4.0])) == math.inf


@pytest.mark.parametrize("bits", range(6, 16))
def test_uniform_weights_gain_six_decibels_a_bit(bits):
    levels = [sqnr_db(UNIFORM, quantize_tensor("w", UNIFORM, n, True).dequantize()) for n in (bits, bits + 1)]
    assert levels[1] - levels[0] == pytest.approx(20 * math.log10(2), abs=0.3)
    assert levels[1] == pytest.approx(6.02 * (bits + 1), abs=0.5)


@pytest.mark.parametrize("keep_phases", [True, False])
def test_more_bits_never_lose_more(keep_phases):
    levels = [noise_at(bits, keep_phases=keep_phases).sqnr_db() for bits in (1, 2, 3, 4, 6, 8, 10, 12, 14, 16)]
    assert levels == sorted(levels)


def test_the_sum_is_over_all_tensors():
    field = toy_field(SPEC, DOMAIN)
    symbols = quantize(field, QuantConfig(5))
    weights = np.concatenate([field[each.name].detach().numpy().ravel().astype(float) for each in symbols])
    quantized = np.concatenate([each.dequantize().ravel().astype(float) for each in symbols])
    assert noise_at(5, field).sqnr_db() == pytest.approx(sqnr_db(weights, quantized))


def test_tensors_with_phases_are_told_apart():
    kept, every = noise_at(4), noise_at(4, keep_phases=False)
    bits = {each.tensor: each.bits for each in kept.tensors()}
    assert {each.tensor for each in kept.tensors() if each.phases} == {"first.weight", "first.bias", "motion"}
    assert bits["first.weight"] > bits["hidden0.weight"] == 4
    # the difference of two 4-bit integers takes 5
    assert {each.tensor: each.bits for each in every.tensors() if each.bits != 4} == {"motion": 5}
    assert kept.sqnr_db(phases=False) == every.sqnr_db(phases=False)
    assert kept.sqnr_db() > every.sqnr_db()


def test_nothing_lost_is_no_number():
    field = build_field(SPEC, DOMAIN)
    with torch.no_grad():
        for _, tensor in field.named_tensors():
            tensor.zero_()
    assert noise_at(8, field).sqnr_db() is None


def test_histograms_hold_every_weight():
    quantized = {bits: quantize_tensor("w", UNIFORM, bits, True).dequantize() for bits in (1, 3)}
    histogram = _histogram("siren", "w", UNIFORM.shape, UNIFORM, quantized)
    assert sum(histogram.fitted) == sum(histogram.quantized[1]) == sum(histogram.quantized[3]) == UNIFORM.size
    assert len(histogram.fitted) == BINS
    assert sum(1 for count in histogram.quantized[3] if count) == 7


@pytest.mark.parametrize("value", [0.0, 0.00389, -3e-9, 1e6])
def test_one_weight_is_a_histogram_too(value):
    weights = np.array([value])
    histogram = _histogram("siren", "b", (1,), weights, {8: quantize_tensor("b", weights, 8, True).dequantize()})
    assert sum(histogram.fitted) == sum(histogram.quantized[8]) == 1
