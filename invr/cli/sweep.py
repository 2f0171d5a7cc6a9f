"""`invr sweep`: one source at many bit widths and network sizes."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import typer

from invr.cli.options import PIPE, check_input, parse_span, parse_time
from invr.cli.progress import Display, encode_line, encode_record

if TYPE_CHECKING:
    from invr.sweep.config import SizeGrid
    from invr.sweep.progress import SweepProgress

Named = TypeVar("Named")


def sweep(
    source: str = typer.Argument(..., metavar="IN", help="media file"),
    output: str = typer.Option(..., "-o", "--output", metavar="DIR", help="folder for tables, plots and files"),
    bits: str = typer.Option("1,4,7,8,10,12,14,16", "--bits", metavar="LIST", help="bit widths of one fit, or none"),
    every_tensor: bool = typer.Option(
        False, "--every-tensor", help="no more bits for tensors that hold frequencies and phases"
    ),
    asymmetric: bool = typer.Option(False, "--asymmetric", help="quantize with zero-points"),
    frame: int | None = typer.Option(
        None, "--frame", min=0, help="on the contact sheet; the middle one if not given"
    ),
    widths: str | None = typer.Option(None, "--widths", metavar="LIST", help="fit networks as wide as these; 32"),
    depths: str | None = typer.Option(None, "--depths", metavar="LIST", help="with so many hidden layers; 2"),
    durations: str | None = typer.Option(None, "--durations", metavar="LIST", help="to so many first seconds; 2"),
    yes: bool = typer.Option(False, "-y", "--yes", help="overwrite the results in DIR"),
    start: str | None = typer.Option(None, "-ss", "--ss", metavar="TIME", help="start here"),
    duration: str | None = typer.Option(None, "-t", "--t", metavar="TIME", help="for this long"),
    end: str | None = typer.Option(None, "-to", "--to", metavar="TIME", help="end here"),
    no_video: bool = typer.Option(False, "-vn", "--no-video", help="leave the picture out"),
    no_audio: bool = typer.Option(False, "-an", "--no-audio", help="leave the sound out"),
    preset: str = typer.Option("medium", "-p", "--preset", help="as of invr encode"),
    steps: int | None = typer.Option(None, "--steps", min=1, help="steps of each fit, instead of the preset's"),
    model: str | None = typer.Option(
        None, "-m", "--model", help="networks: see invr/config.py, MODELS; auto, or as the preset says"
    ),
    coder: str | None = typer.Option(
        None, "--coder", help="payload coder: rans, lzma2 or zstd; rans, or as the preset says"
    ),
    device: str = typer.Option("cpu", "--device", help="cpu, cuda or auto"),
    threads: int = typer.Option(0, "--threads", "-j", min=0, help="0 uses all cores"),
    seed: int = typer.Option(0, "--seed", min=0),
    as_json: bool = typer.Option(False, "--json", help="JSON instead of text"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Measure one source at many bit widths of one fit, and at many sizes of its networks.

    DIR gets sweep.json, bits.csv, sizes.csv, contact.png, sweep.html and all .inrv files. Sizes are swept only where
    --widths, --depths or --durations is given; what else of the three is not given stays the same.
    """
    if source == PIPE:
        raise typer.BadParameter("a sweep reads its source many times: standard input will not do")
    check_input(source)
    start_s, duration_s = parse_span(start, duration, end)
    widths_of_weights = () if bits == "none" else _integers(bits, "--bits", 1, 16)
    sizes = widths, depths, durations
    from invr.config import MODELS
    from invr.media import ReadConfig
    from invr.presets import PRESETS, model_name, with_steps
    from invr.quality import without_rate
    from invr.sweep.config import SweepConfig

    chosen = without_rate(with_steps(_named(preset, PRESETS, "--preset").config, steps))
    quant = chosen.quant
    encode = replace(
        chosen,
        model=_named(model, MODELS, "--model") if model else chosen.model,
        quant=replace(
            quant,
            symmetric=quant.symmetric and not asymmetric,
            keep_phases=quant.keep_phases and not every_tensor,
        ),
        coder=coder or chosen.coder,
        seed=seed,
        device=device,
        threads=threads,
    )
    config = SweepConfig(widths_of_weights, _grid(*sizes) if any(sizes) else None, frame, encode)
    read = ReadConfig(start_s=start_s, duration_s=duration_s, video=not no_video, audio=not no_audio)
    settings: dict[str, str | int] = {
        "preset": preset,
        "model": model or model_name(encode.model),
        "steps": encode.fit.steps,
        "seed": seed,
        "coder": encode.coder,
    }
    from invr.sweep.sweep import sweep as sweep_source

    display = Display(quiet=quiet, records=None)
    try:
        result = sweep_source(
            source,
            output,
            config,
            read,
            lambda state: _show(display, state),
            command=shlex.join(["invr", *sys.argv[1:]]),
            settings=settings,
            overwrite=yes,
        )
    finally:
        display.close()
    for warning in result.warnings:
        display.warn(warning)
    from invr.sweep.results import to_json
    from invr.sweep.table import text_of

    sys.stdout.write(to_json(result) if as_json else text_of(result))


def _show(display: Display, state: SweepProgress) -> None:
    if state.encode is None:
        display.show(f"scores of {state.task}", state.done, {})
        return
    part = f"fit {state.number + 1}/{state.count}, {state.task}"
    display.show(f"{part} | {encode_line(state.encode)}", state.done, encode_record(state.encode))


def _grid(widths: str | None, depths: str | None, durations: str | None) -> SizeGrid:
    """The sizes that are given; those that are not stay the same."""
    from invr.sweep.config import DEPTHS, WIDTHS, SizeGrid

    grid = SizeGrid()
    if widths:
        grid = replace(grid, widths=_integers(widths, "--widths", *WIDTHS))
    if depths:
        grid = replace(grid, depths=_integers(depths, "--depths", *DEPTHS))
    if durations:
        grid = replace(grid, durations_s=_seconds(durations))
    return grid


def _integers(text: str, option: str, low: int, high: int) -> tuple[int, ...]:
    """Different whole numbers from low to high, ascending, from `16,32,64`."""
    found = set()
    for part in text.split(","):
        if not part.strip().isdecimal() or not low <= int(part) <= high:
            raise typer.BadParameter(
                f"{option} {part.strip() or text}: allowed are {low} to {high}, with commas between"
            )
        found.add(int(part))
    return tuple(sorted(found))


def _seconds(text: str) -> tuple[float, ...]:
    """Different times, ascending, from `0.5,1,1:30`."""
    found = set()
    for part in text.split(","):
        duration_s = parse_time(part, "--durations")
        if not duration_s:
            raise typer.BadParameter(f"--durations {text}: allowed is more than 0")
        found.add(duration_s)
    return tuple(sorted(found))


def _named(name: str, table: Mapping[str, Named], option: str) -> Named:
    if name not in table:
        raise typer.BadParameter(f"{option} {name}: allowed are {', '.join(table)}")
    return table[name]
