"""Settings of an encode from what was typed, for the commands that share them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import typer
from inrv_format.chunk import TileGrid

from invr.cli.options import parse_amount, parse_size, parse_span, parse_time
from invr.presets import PRESETS, with_steps

if TYPE_CHECKING:
    from invr.config import EncodeConfig, Goal
    from invr.media import ReadConfig

# Below the options, each preset on a line of its own: the mark keeps the lines from being joined.
PRESET_LINES = "\b\nPresets (an option that is given wins over its preset):\n" + "\n".join(
    f"  {name:<11} {preset.summary}" for name, preset in PRESETS.items()
)


# Of refine, for each network and round.
DEFAULT_REFINE_STEPS = 2000
# Of --audio: no sound at all, as -an.
NO_AUDIO = "none"


def choice(value: str, allowed: Collection[str], option: str) -> str:
    """The value, if it is one of those allowed."""
    if value not in allowed:
        raise typer.BadParameter(f"{option} {value}: allowed are {', '.join(allowed)}")
    return value


def tile_grid(text: str) -> TileGrid | None:
    """Tiles and their overlap from `2x1`, None from `auto`."""
    if text == "auto":
        return None
    size = parse_size(text, "--tiles")
    assert size is not None
    from invr.fit.sizing import TILE_OVERLAP

    return TileGrid(*size, overlap=TILE_OVERLAP if size != (1, 1) else 0)


def parse_goal(
    target_psnr: float | None, target_size: str | None, bitrate: str | None, time_budget: str | None
) -> Goal:
    """The goal that the options name; one of the first three at most."""
    from invr.config import Goal

    only_one({"--target-psnr": target_psnr, "--target-size": target_size, "--bitrate": bitrate})
    size_bytes = parse_amount(target_size, "--target-size")
    return Goal(
        target_psnr,
        None if size_bytes is None else int(size_bytes),
        parse_amount(bitrate, "--bitrate"),
        parse_time(time_budget, "--time-budget"),
    )


def priced(
    preset: str, steps: int | None, quality: float | None, bits: int | None, finetune_steps: int | None, goal: Goal
) -> EncodeConfig:
    """The preset's settings with the price of a bit, or the bits of a weight, or the goal that was asked for."""
    from invr.quality import DEFAULT_QUALITY, at_quality, without_rate

    target = goal if goal.steers else None
    only_one({"--quality": quality, "--bits": bits, "--target-psnr, --target-size and --bitrate": target})
    only_one({"--finetune-steps": finetune_steps or None, "--target-psnr, --target-size and --bitrate": target})
    chosen = with_steps(PRESETS[choice(preset, PRESETS, "--preset")].config, steps)
    if goal.steers or quality is not None:
        chosen = at_quality(chosen, DEFAULT_QUALITY if quality is None else quality)
    elif bits is not None or finetune_steps:
        chosen = without_rate(chosen)
    return replace(chosen, goal=goal)


def read_config(
    *,
    format_name: str | None,
    span: tuple[str | None, str | None, str | None],
    frames: int | None,
    scaled: str | None,
    no_video: bool,
    no_audio: bool,
    ignore_errors: bool,
) -> ReadConfig:
    """What is read of the source; `span` are -ss, -t and -to."""
    if no_video and no_audio:
        raise typer.BadParameter("-vn and -an leave nothing")
    from invr.media import ReadConfig

    start_s, duration_s = parse_span(*span)
    return ReadConfig(
        format=format_name,
        start_s=start_s,
        duration_s=duration_s,
        frames=frames,
        video=not no_video,
        audio=not no_audio,
        size=parse_size(scaled, "-s"),
        ignore_errors=ignore_errors,
    )


def with_options(
    chosen: EncodeConfig,
    *,
    model: str | None,
    bits: int | None,
    audio: str,
    chunk_frames: int | None,
    tiles: str,
    seed: int,
    device: str,
    threads: int,
) -> EncodeConfig:
    """The settings with the options that both an encode and its estimate have."""
    from invr.config import AUDIOS, DEVICES, MODELS

    return replace(
        chosen,
        model=MODELS[choice(model, MODELS, "--model")] if model else chosen.model,
        quant=replace(chosen.quant, bits=bits or chosen.quant.bits),
        audio=chosen.audio if audio == NO_AUDIO else choice(audio, (*AUDIOS, NO_AUDIO), "--audio"),
        chunk_frames=chosen.chunk_frames if chunk_frames is None else chunk_frames,
        tiles=tile_grid(tiles),
        seed=seed,
        device=choice(device, DEVICES, "--device"),
        threads=threads,
    )


def settings_tags(preset: str, model: str, config: EncodeConfig) -> dict[str, str]:
    """What made the file, for `invr info`; no paths."""
    weights = f"lambda={config.fit.lmbda:g}" if config.fit.lmbda else f"bits={config.quant.bits}"
    targets = {"psnr": config.goal.psnr_db, "size": config.goal.size_bytes, "bitrate": config.goal.bits_per_s}
    weights = next((f"{name}={value:g}" for name, value in targets.items() if value is not None), weights)
    settings = f"preset={preset} model={model} steps={config.fit.steps} {weights} seed={config.seed}"
    return {"settings": settings}


def only_one(options: dict[str, object]) -> None:
    """Refuse two options that exclude each other."""
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise typer.BadParameter(f"{given[0]} excludes {given[1]}")
