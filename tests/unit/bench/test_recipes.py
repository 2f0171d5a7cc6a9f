"""The papers' recipes are what the papers say."""

import pytest
from inrv_format.errors import InputError
from inrv_format.families.base import count_weights

from invr.bench.config import CodecConfig
from invr.bench.recipes import RECIPES
from invr.fit.sizing import plan_units


def planned(name, rate, picture, sound=None):
    config = RECIPES[name].config(CodecConfig(name, (rate,)), rate)
    plan = plan_units(picture, sound, config.tiles, config.model)[0]
    return config, plan, count_weights(plan.spec.tensor_shapes(plan.domain))


def test_invr_is_four_layers_of_128_on_one_frame_a_step():
    config, plan, weights = planned("invr-paper", 8, (15, 128, 128, 3))
    assert (plan.spec.lengths, weights) == ((64, 64, 32), 91395)
    assert plan.spec.scales == pytest.approx((1.4, 1.4, 1.4))
    assert (config.fit.sampling, config.fit.optimizer, config.fit.steps) == ("frame", "adam", 25_000)
    assert (config.chunk_frames, config.quant.bits) == (15, 8)


def test_the_unified_student_has_its_parameters_and_16_bits():
    config, _, weights = planned("siren-av-paper", 16, (90, 256, 448, 3), (132300, 1))
    assert (weights, config.quant.bits, config.coder) == (1_298_029, 16, "lzma2")


@pytest.mark.parametrize(("rate", "bpp"), [(0.07, 0.07), (0.15, 0.15), (0.3, 0.3), (0.6, 0.6)])
def test_coins_networks_take_the_bits_that_its_paper_states(rate, bpp):
    _, plan, weights = planned("coin-paper", rate, (1, 512, 768, 3))
    assert plan.spec.lengths == (0, 0, 0)
    assert 16 * weights / (512 * 768) == pytest.approx(bpp, rel=0.1)


def test_another_rate_of_coin_is_refused():
    with pytest.raises(InputError, match=r"coin-paper: rate 0.5: allowed are 0.07"):
        planned("coin-paper", 0.5, (1, 8, 8, 3))
