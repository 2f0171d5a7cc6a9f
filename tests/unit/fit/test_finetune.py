"""Fine-tuning: the decoded error falls, the scales stay, and what is kept is what a decoder sees."""

import numpy as np
import pytest
import torch
from inrv_format.families import Domain, SirenSpec
from toys import toy_picture

from invr.config import FitConfig, QuantConfig
from invr.fields import build_field
from invr.fit import PictureObjective, finetune, fit
from invr.fit.loop import checked_loss, psnr_db
from invr.quant import dequantize, quantize

CONFIG = FitConfig(steps=120, rows=16, columns=16, checks=4, l1=0.0)


@pytest.fixture(scope="module")
def toy():
    """A field that was fitted to a picture, and the error of any integers in its place over all pixels."""
    values = toy_picture()
    field = build_field(SirenSpec(24, 16, 1), Domain(*values.shape))
    field.initialise(torch.Generator().manual_seed(0))
    objective = PictureObjective(values, 8, CONFIG, "cpu")
    fit(field, objective, CONFIG, 0, lambda state: None)
    whole = PictureObjective(values, 8, FitConfig(rows=400, columns=16), "cpu")

    @torch.no_grad()
    def error(symbols):
        decoded = build_field(field.spec, field.domain)
        dequantize(symbols, decoded)
        return float(whole.loss(decoded, torch.Generator().manual_seed(7)))

    return field, objective, error


@pytest.mark.parametrize(("bits", "symmetric", "share"), [(4, True, 0.5), (5, False, 0.8), (3, True, 0.8)])
def test_the_decoded_error_falls_at_coarse_bits(toy, bits, symmetric, share):
    field, objective, error = toy
    symbols = quantize(field, QuantConfig(bits, symmetric))
    tuned = finetune(field, symbols, objective, 100, 1, lambda state: None)
    assert error(tuned) < share * error(symbols)


def test_scales_stay_and_integers_keep_their_range(toy):
    field, objective, _ = toy
    symbols = quantize(field, QuantConfig(3))
    tuned = finetune(field, symbols, objective, 40, 1, lambda state: None)
    for before, after in zip(symbols, tuned, strict=True):
        low, high = before.header.q_range
        assert after.header == before.header
        assert after.values.dtype == np.int32 and low <= after.values.min() <= after.values.max() <= high
    assert any((before.values != after.values).any() for before, after in zip(symbols, tuned, strict=True))


def test_the_field_that_was_fitted_is_left_as_it_is(toy):
    field, objective, _ = toy
    before = [tensor.detach().clone() for _, tensor in field.named_tensors()]
    finetune(field, quantize(field, QuantConfig(4)), objective, 5, 1, lambda state: None)
    assert all(torch.equal(a, b) for a, (_, b) in zip(before, field.named_tensors(), strict=True))


def test_integers_that_nothing_improves_are_kept(toy):
    field, _, _ = toy

    class Content:
        """An objective that likes what it saw first, whatever its gradient says."""

        peak, points, power = 2.0, 1, 1.0
        checks = 0

        def loss(self, field, generator):
            if torch.is_grad_enabled():
                return field["output.bias"].sum()
            self.checks += 1
            return torch.tensor(float(self.checks))

    symbols = quantize(field, QuantConfig(4))
    assert finetune(field, symbols, Content(), 20, 1, lambda state: None) is symbols


def test_the_states_seen_are_those_that_a_decoder_gets(toy):
    """The error that the last report states is that of the integers that come back, dequantized as a decoder does."""
    field, objective, _ = toy
    states = []
    symbols = quantize(field, QuantConfig(6, symmetric=False))
    tuned = finetune(field, symbols, objective, 10, 1, states.append)
    decoded = build_field(field.spec, field.domain)
    dequantize(tuned, decoded)
    best = max(state.psnr_db for state in states)
    assert psnr_db(checked_loss(decoded, objective, 1), 2.0) == pytest.approx(best, abs=1e-6)
