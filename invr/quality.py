"""Quality from 0 to 100, the one knob, and the price of a bit that it stands for."""

from __future__ import annotations

from dataclasses import replace

from invr.config import REFERENCE_LMBDA, EncodeConfig, require_option

DEFAULT_QUALITY = 50.0
LOWEST_QUALITY, HIGHEST_QUALITY = 0.0, 100.0
# Ten points of quality halve the price of a bit.
POINTS_PER_HALVING = 10


def lmbda_of(quality: float) -> float:
    """Lambda of `FitConfig`: the reference at 50, half of it ten points higher."""
    require_option(LOWEST_QUALITY <= quality <= HIGHEST_QUALITY, "--quality", quality, "0 to 100")
    return float(REFERENCE_LMBDA * 2 ** ((DEFAULT_QUALITY - quality) / POINTS_PER_HALVING))


def without_rate(config: EncodeConfig) -> EncodeConfig:
    """The settings with fits that pay nothing for bits, so that `config.quant` says how weights are quantized."""
    return replace(config, fit=replace(config.fit, lmbda=0.0))


def at_quality(config: EncodeConfig, quality: float) -> EncodeConfig:
    """The settings with the price of a bit that belongs to `quality`; the networks' sizes follow it."""
    return replace(config, fit=replace(config.fit, lmbda=lmbda_of(quality)))
