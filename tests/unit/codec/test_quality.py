"""Quality is a price of bits; the networks follow it."""

import pytest
from inrv_format.errors import InputError

from invr.config import REFERENCE_LMBDA, EncodeConfig
from invr.presets import PAPERS, SPEEDS
from invr.quality import DEFAULT_QUALITY, at_quality, lmbda_of, without_rate


def test_ten_points_halve_the_price():
    assert lmbda_of(DEFAULT_QUALITY) == REFERENCE_LMBDA
    assert lmbda_of(60) == pytest.approx(lmbda_of(50) / 2)
    assert lmbda_of(0) == pytest.approx(32 * REFERENCE_LMBDA)


@pytest.mark.parametrize("quality", [-1, 100.5, float("nan")])
def test_quality_is_from_0_to_100(quality):
    with pytest.raises(InputError, match="--quality"):
        at_quality(EncodeConfig(), quality)


def test_speeds_are_at_the_default_quality_and_papers_fit_without_rate():
    assert {preset.config.fit.lmbda for preset in SPEEDS.values()} == {REFERENCE_LMBDA}
    assert {preset.config.fit.lmbda for preset in PAPERS.values()} == {0.0}


def test_without_rate_is_what_quality_undoes():
    config = SPEEDS["fast"].config
    assert without_rate(config).fit.lmbda == 0.0
    assert at_quality(without_rate(config), DEFAULT_QUALITY) == config
