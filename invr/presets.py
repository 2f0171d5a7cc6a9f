"""Presets: all settings of an encode under one name, the recipes of two papers among them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from invr.config import MODELS, EncodeConfig, FitConfig, ModelConfig, QuantConfig, TeacherConfig
from invr.quality import DEFAULT_QUALITY, at_quality


@dataclass(frozen=True, slots=True)
class Preset:
    """The settings, and what `invr encode --help` says of them."""

    config: EncodeConfig
    summary: str


def with_steps(config: EncodeConfig, steps: int | None) -> EncodeConfig:
    """The settings with so many steps of each fit, a teacher's too; as they are if None."""
    if steps is None:
        return config
    teacher = config.teacher and replace(config.teacher, fit=replace(config.teacher.fit, steps=steps))
    return replace(config, fit=replace(config.fit, steps=steps), teacher=teacher)


def model_name(model: ModelConfig) -> str:
    """The first name of a model in MODELS; `other` if it is not there."""
    return next((name for name, known in MODELS.items() if known == model), "other")


def papers_fit(steps: int, rate: float) -> FitConfig:
    """Adam at one constant rate for all tensors, on whole frames (COIN; INVR, section 3.1.2)."""
    return FitConfig(
        steps=steps,
        adam_rate=rate,
        first_rate=rate,
        sound_first_rate=rate,
        motion_rate=rate,
        l1=0.0,
        lmbda=0.0,
        sampling="frame",
        optimizer="adam",
        schedule="constant",
    )


def _invr() -> EncodeConfig:
    """Singh and Iacob, *INVR*, sections 3.1.2 and 3.3.

    The paper does not state its rate: of 1e-3, 3e-4 and 1e-4 the second is the best after 240 steps on foreman. Our
    coder takes the place of DeepCABAC, and a step for each tensor that of one step of 3^(-13/2) for all weights: at
    8 bits they are the same where the largest weight is 0.1. Sound, which INVR does not have, gets our own network.
    """
    fit = replace(papers_fit(25_000, rate=3e-4), l1=1e-6)
    return EncodeConfig(model=MODELS["invr"], fit=fit, quant=QuantConfig(8), chunk_frames=15)


def _siamese_siren() -> EncodeConfig:
    """Mahdi 2025, sections 4.4.1 and 4.4.2, on chunks of 4 s.

    How long and at which rate the networks are trained the text does not say: of 1e-3, 3e-4 and 1e-4 the rate is the
    best after 1,000 steps on gt_bach. Its sizes (122.9 kB at 128-128-64) are 3.4 times those of the layers that it
    names, which are ours; a layer for noise with ReLU, which it does not describe, is left out. Pictures, which it
    does not have, get our own network. Our coder takes the place of none.
    """
    fit = replace(papers_fit(15_000, rate=3e-4), sampling="scattered")
    return EncodeConfig(model=MODELS["siamese-128-128-64"], fit=fit, quant=QuantConfig(8, keep_phases=False))


def _unified_siren() -> EncodeConfig:
    """Chalise et al. 2025: tables 8-2 and 8-3, eq. 6-4 to 6-6, section 4.9.1, algorithms 5 to 7.

    An epoch of algorithms 5 and 6 is one batch, so one step; how large a batch is the paper does not say. All tensors
    get 16 bits, those of phases too. Algorithm 2 leaves fine-tuning open, and the paper's tables are without. A chunk
    holds all frames of each of its clips, 72 at most.
    """
    taught = replace(papers_fit(6000, rate=1e-4), sampling="scattered", picture_weight=0.5, sound_weight=0.5)
    teaching = replace(papers_fit(7000, rate=1e-5), sampling="scattered", picture_weight=0.5, sound_weight=0.5)
    return EncodeConfig(
        model=MODELS["av-student"],
        fit=replace(taught, schedule="drop"),
        quant=QuantConfig(16, keep_phases=False),
        teacher=TeacherConfig(MODELS["av-teacher"], teaching),
        coder="lzma2",
        chunk_frames=90,
    )


def _speed(steps: int) -> EncodeConfig:
    return at_quality(EncodeConfig(fit=FitConfig(steps=steps)), DEFAULT_QUALITY)


SPEEDS: dict[str, Preset] = {
    "ultrafast": Preset(_speed(400), "400 steps: a first look"),
    "fast": Preset(_speed(1400), "1,400 steps"),
    "medium": Preset(_speed(4000), "4,000 steps (the default)"),
    "slow": Preset(_speed(12_000), "12,000 steps"),
    "veryslow": Preset(_speed(30_000), "30,000 steps"),
    "placebo": Preset(_speed(80_000), "80,000 steps"),
}
PAPERS: dict[str, Preset] = {
    "paper-av": Preset(
        _unified_siren(),
        "Chalise et al. 2025: one network, distilled from a larger one; int16, LZMA2",
    ),
    "paper-audio": Preset(
        _siamese_siren(),
        "Mahdi 2025: Siamese SIREN for each 4 s of sound, 8 bits (or --model siamese-128-64-64)",
    ),
    "paper-invr": Preset(_invr(), "INVR: 4 x 128 for each 15 frames, one frame a step; 8 bits"),
}
PRESETS: dict[str, Preset] = SPEEDS | PAPERS
