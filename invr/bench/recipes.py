"""invr's own codecs in a benchmark: its presets, and the recipes of the papers that it grew from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from inrv_format.errors import InputError

from invr.bench.config import CodecConfig
from invr.config import MODELS, EncodeConfig, ModelConfig, QuantConfig
from invr.presets import PAPERS, SPEEDS, papers_fit, with_steps
from invr.quality import at_quality

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
    """A preset of `invr encode`; the rate is its quality."""

    def config(codec: CodecConfig, rate: float) -> EncodeConfig:
        return at_quality(with_steps(SPEEDS[name].config, codec.steps or None), rate)

    return Recipe(("video", "audio", "image"), config)


def _audio_siren(codec: CodecConfig, rate: float) -> EncodeConfig:
    """A coordinate network for the sound, with rate in the fit; the rate is its quality."""
    config = with_steps(SPEEDS["medium"].config, codec.steps or None)
    return at_quality(replace(config, model=MODELS["audio-siren"]), rate)


def _paper(name: str, media: tuple[str, ...], note: str) -> Recipe:
    """A paper's preset of `invr encode`; the rate is the bits of a weight."""

    def config(codec: CodecConfig, rate: float) -> EncodeConfig:
        preset = with_steps(PAPERS[name].config, codec.steps or None)
        return replace(preset, quant=replace(preset.quant, bits=int(rate)))

    return Recipe(media, config, by_bits=True, note=note)


def _coin_paper(codec: CodecConfig, rate: float) -> EncodeConfig:
    if rate not in COIN_SHAPES:
        raise InputError(f"coin-paper: rate {rate}: allowed are {', '.join(str(known) for known in COIN_SHAPES)}")
    layers, width = COIN_SHAPES[rate]
    model = ModelConfig(embedding="none", motion="still", picture_shape=(width, layers - 1))
    fit = papers_fit(codec.steps or 50_000, rate=2e-4)
    return EncodeConfig(model=model, fit=fit, quant=QuantConfig(codec.bits or 16))


RECIPES: dict[str, Recipe] = {f"invr-{name}": _preset(name) for name in SPEEDS} | {
    "invr-paper": _paper(
        "paper-invr",
        ("video",),
        note="INVR: 4x128, [64,64,32] base 1.4, one frame a step, Adam, our coder instead of DeepCABAC",
    ),
    "siren-av-paper": _paper(
        "paper-av",
        ("av",),
        note="Chalise et al. 2025: teacher of 2,369,029 weights, student of 1,298,029, LZMA2",
    ),
    "audio-siren": Recipe(("audio",), _audio_siren, note="--model audio-siren, as medium"),
    "siamese-paper": _paper(
        "paper-audio",
        ("audio",),
        note="Mahdi 2025: Siamese SIREN 128-128-64 for each 4 s, Adam",
    ),
    "coin-paper": Recipe(
        ("image",),
        _coin_paper,
        note="COIN: SIREN over (x, y), Adam 2e-4, 16 bits; a third input that is always zero",
    ),
}
