"""`invr estimate`: bytes, PSNR and time of an encode, before it is done."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from invr.cli.options import input_of
from invr.cli.progress import Display, clock, decibels, size
from invr.cli.settings import NO_AUDIO, parse_goal, priced, read_config, settings_tags, with_options
from invr.presets import model_name

if TYPE_CHECKING:
    from invr.estimate import Estimate


def estimate(
    source: str = typer.Argument(..., metavar="IN", help="media file, or - for standard input"),
    as_json: bool = typer.Option(False, "--json", help="one record for programs"),
    format_name: str | None = typer.Option(None, "-f", "--format", help="input format, where it cannot be told"),
    start: str | None = typer.Option(None, "-ss", "--ss", metavar="TIME", help="start here"),
    duration: str | None = typer.Option(None, "-t", "--t", metavar="TIME", help="for this long"),
    end: str | None = typer.Option(None, "-to", "--to", metavar="TIME", help="end here"),
    frames: int | None = typer.Option(None, "-frames", "--frames", min=1, help="at most this many frames"),
    scaled: str | None = typer.Option(None, "-s", "--size", metavar="WxH", help="resize before fitting"),
    no_video: bool = typer.Option(False, "-vn", "--no-video", help="leave the picture out"),
    no_audio: bool = typer.Option(False, "-an", "--no-audio", help="leave the sound out"),
    audio: str = typer.Option(
        "inr", "--audio", metavar="HOW", help="inr (a network), or in its place opus, flac (exact), copy, or none"
    ),
    preset: str = typer.Option("medium", "-p", "--preset", help="as of invr encode"),
    quality: float | None = typer.Option(None, "-q:v", "--quality", metavar="0-100", help="as of invr encode"),
    target_psnr: float | None = typer.Option(None, "--target-psnr", metavar="DB", help="as of invr encode"),
    target_size: str | None = typer.Option(None, "--target-size", metavar="BYTES", help="as of invr encode"),
    bitrate: str | None = typer.Option(None, "-b", "--bitrate", metavar="BITS", help="as of invr encode"),
    time_budget: str | None = typer.Option(None, "--time-budget", metavar="TIME", help="as of invr encode"),
    steps: int | None = typer.Option(None, "--steps", min=1, help="steps of each fit, instead of the preset's"),
    model: str | None = typer.Option(None, "-m", "--model", help="as of invr encode"),
    bits: int | None = typer.Option(None, "--bits", min=1, max=16, help="as of invr encode"),
    chunk_frames: int | None = typer.Option(None, "--chunk-frames", min=0, help="as of invr encode"),
    tiles: str = typer.Option("auto", "--tiles", metavar="CxR", help="as of invr encode"),
    device: str = typer.Option("cpu", "--device", help="cpu, cuda or auto"),
    threads: int = typer.Option(0, "--threads", "-j", min=0, help="0 uses all cores"),
    seed: int = typer.Option(0, "--seed", min=0),
    ignore_errors: bool = typer.Option(False, "--ignore-errors", help="estimate from what can be read"),
) -> None:
    """Read a clip, fit a little of it, and say what `invr encode` would come to with the same options.

    A chunk or two are fitted for 4 % of the steps, 200 at least. How far off that is: docs/research/estimate.md.
    """
    read = read_config(
        format_name=format_name,
        span=(start, duration, end),
        frames=frames,
        scaled=scaled,
        no_video=no_video,
        no_audio=no_audio or audio == NO_AUDIO,
        ignore_errors=ignore_errors,
    )
    goal = parse_goal(target_psnr, target_size, bitrate, time_budget)
    opened = input_of(source, force=False)
    config = with_options(
        priced(preset, steps, quality, bits, None, goal),
        model=model,
        bits=bits,
        audio=audio,
        chunk_frames=chunk_frames,
        tiles=tiles,
        seed=seed,
        device=device,
        threads=threads,
    )
    tags = settings_tags(preset, model or model_name(config.model), config)
    from invr.estimate import estimate as estimate_encode

    found = estimate_encode(opened, config, read, tags=tags)
    display = Display(quiet=False, records=None)
    for warning in found.warnings:
        display.warn(warning)
    sys.stdout.write(json.dumps(_record(found), indent=2) + "\n" if as_json else f"{_line(found)}\n")


def _record(found: Estimate) -> dict[str, object]:
    """For programs; unknown numbers are left out."""
    record = asdict(found) | {"bits_per_s": _bits_per_s(found)}
    return {name: value for name, value in record.items() if value is not None and value == value}


def _line(found: Estimate) -> str:
    """`about 21.6 kB | 86.4 kbit/s | PSNR 31.20 dB | 01:14`."""
    rate = _bits_per_s(found)
    parts = [f"about {size(found.size_bytes)}"]
    parts += [f"{rate / 1e3:.1f} kbit/s"] if rate is not None else []
    parts += [*decibels(found.psnr_db, "PSNR"), clock(math.ceil(found.time_s))]
    parts += [f"quality {found.quality:.0f}"] if found.quality is not None else []
    chunks = f"{found.chunks} chunk{'s' if found.chunks > 1 else ''} of {found.steps} steps"
    parts.append(f"{chunks}, told from {found.probed} of {found.probe_steps}")
    return " | ".join(parts)


def _bits_per_s(found: Estimate) -> float | None:
    return 8 * found.size_bytes / found.duration_s if found.duration_s else None
