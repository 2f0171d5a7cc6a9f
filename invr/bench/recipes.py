"""invr's own codecs in a benchmark: its presets, and the recipes of the papers that it grew from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from inrv_format.errors import InputError

from invr.bench.config import CodecConfig
from invr.config import MODELS, PRESETS, EncodeConfig, FitConfig, ModelConfig, QuantConfig

BITS = 10
# COIN's sine layers x width for Kodak (Dupont et al. 2021, section 4.1), by their nominal rate in bits per pixel.
COIN_SHAPES = {0.07: (5, 20), 0.15: (5, 30), 0.3: (10, 28), 0.6: (10, 40), 1.2: (13, 49)}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a codec's rates become encodes.

    `media` are the media that it takes; `by_bits` tells that a rate is the width of the weights, so that one fit
    serves all rates; `config` makes the encode of one rate; `note` says what differs from its source.
    """

    media: tuple[str, ...]
    config: Callable[[CodecConfig, float], EncodeConfig]
    by_bits: bool = False
    note: str = ""


def _preset(name: str) -> Recipe:
    """A preset of `invr encode`; the rate is weights per pixel, or per sample of sound."""

    def config(codec: CodecConfig, rate: float) -> EncodeConfig:
        model = replace(MODELS["auto"], weights_per_sample=rate, sound_weights_per_sample=rate)
        fit = replace(PRESETS[name], steps=codec.steps or PRESETS[name].steps)
        return EncodeConfig(model=model, fit=fit, quant=QuantConfig(codec.bits or BITS))

    return Recipe(("video", "audio", "image"), config)


def _invr_paper(codec: CodecConfig, rate: float) -> EncodeConfig:
    model = ModelConfig(embedding="power", motion=False, picture_shape=(128, 3), embedding_base=1.4)
    # The paper does not state its rate. Of 1e-3, 3e-4 and 1e-4 the second is the best after 240 steps on foreman.
    fit = _papers_fit(codec.steps or 25_000, rate=3e-4)
    return EncodeConfig(model=model, fit=fit, quant=QuantConfig(int(rate)), chunk_frames=15)


def _siren_av_paper(codec: CodecConfig, rate: float) -> EncodeConfig:
    fit = replace(_papers_fit(codec.steps or 6000, rate=1e-4), sampling="scattered", l1=0.0)
    quant = QuantConfig(int(rate))
    return EncodeConfig(model=MODELS["av-student"], fit=fit, quant=quant, coder="lzma2", chunk_frames=90)


def _coin_paper(codec: CodecConfig, rate: float) -> EncodeConfig:
    if rate not in COIN_SHAPES:
        raise InputError(f"coin-paper: rate {rate}: allowed are {', '.join(str(known) for known in COIN_SHAPES)}")
    layers, width = COIN_SHAPES[rate]
    model = ModelConfig(embedding="none", motion=False, picture_shape=(width, layers - 1))
    fit = replace(_papers_fit(codec.steps or 50_000, rate=2e-4), l1=0.0)
    return EncodeConfig(model=model, fit=fit, quant=QuantConfig(codec.bits or 16))


def _papers_fit(steps: int, rate: float) -> FitConfig:
    """Adam at one constant rate for all tensors, on whole frames."""
    rates = {"adam_rate": rate, "first_rate": rate, "sound_first_rate": rate, "motion_rate": rate}
    return FitConfig(steps=steps, sampling="frame", optimizer="adam", schedule="constant", **rates)  # type: ignore[arg-type]


RECIPES: dict[str, Recipe] = {f"invr-{name}": _preset(name) for name in PRESETS} | {
    "invr-paper": Recipe(
        ("video",),
        _invr_paper,
        by_bits=True,
        note="INVR: 4x128, [64,64,32] base 1.4, one frame a step, Adam, lzma2 instead of DeepCABAC",
    ),
    "siren-av-paper": Recipe(
        ("av",),
        _siren_av_paper,
        by_bits=True,
        note="Chalise et al. 2025: the student of 1,298,029 weights, int16 and xz, fitted without a teacher",
    ),
    "coin-paper": Recipe(
        ("image",),
        _coin_paper,
        note="COIN: SIREN over (x, y), Adam 2e-4, 16 bits; a third input that is always zero",
    ),
}
