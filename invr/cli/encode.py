"""`invr encode`: media to `.inrv`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer
from inrv_format.errors import GoalError

from invr.cli.interrupt import parked_by_interrupt
from invr.cli.options import (
    PIPE,
    check_overwrite,
    input_of,
    output_name,
    output_of,
    parse_chunks,
    progress_target,
)
from invr.cli.progress import Display, clock, decibels, encode_line, encode_record, outcome_text, size
from invr.cli.settings import NO_AUDIO, choice, parse_goal, priced, read_config, settings_tags, with_options
from invr.presets import model_name

if TYPE_CHECKING:
    from invr.outputs import EncodeResult


def encode(
    source: str = typer.Argument(..., metavar="IN", help="media file, or - for standard input"),
    target: str | None = typer.Argument(None, metavar="[OUT]", help="output, instead of -o"),
    output: str | None = typer.Option(None, "-o", "--output", metavar="OUT", help="output, or - for standard output"),
    format_name: str | None = typer.Option(None, "-f", "--format", help="input format, where it cannot be told"),
    yes: bool = typer.Option(False, "-y", "--yes", help="overwrite the output"),
    no: bool = typer.Option(False, "-n", "--no", help="never overwrite (the default)"),
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
    preset: str = typer.Option("medium", "-p", "--preset", help="a name of the list below"),
    quality: float | None = typer.Option(
        None, "-q:v", "--quality", metavar="0-100", help="quality; 50, or as the preset says; size follows"
    ),
    target_psnr: float | None = typer.Option(
        None, "--target-psnr", metavar="DB", help="find the quality that gives this PSNR"
    ),
    target_size: str | None = typer.Option(
        None, "--target-size", metavar="BYTES", help="find the quality that fills so many bytes: 20000, 40k, 1.5M"
    ),
    bitrate: str | None = typer.Option(
        None, "-b", "--bitrate", metavar="BITS", help="find the quality that fills so many bits a second: 40k"
    ),
    time_budget: str | None = typer.Option(
        None, "--time-budget", metavar="TIME", help="finish within this time, with fewer steps where it must be"
    ),
    steps: int | None = typer.Option(None, "--steps", min=1, help="steps of each fit, instead of the preset's"),
    model: str | None = typer.Option(
        None, "-m", "--model", help="networks: see invr/config.py, MODELS; auto, or as the preset says"
    ),
    bits: int | None = typer.Option(
        None, "--bits", min=1, max=16, help="bits of each weight, instead of steps that are learned with it"
    ),
    asymmetric: bool = typer.Option(False, "--asymmetric", help="quantize with zero-points; with --bits"),
    finetune_steps: int | None = typer.Option(
        None, "--finetune-steps", min=0, help="steps of a fit of the quantized weights; 0 for none"
    ),
    coder: str | None = typer.Option(
        None, "--coder", help="payload coder: rans, lzma2 or zstd; rans, or as the preset says"
    ),
    chunk_frames: int | None = typer.Option(
        None, "--chunk-frames", min=0, help="frames of every chunk; 0 goes by content"
    ),
    tiles: str = typer.Option(
        "auto", "--tiles", metavar="CxR", help="cut the picture into tiles, each a network; auto goes by content"
    ),
    device: str = typer.Option("cpu", "--device", help="cpu, cuda or auto"),
    batch: int = typer.Option(
        0, "--batch", metavar="N", min=0, help="networks fitted at once; 0: one on a CPU, as many as fill a GPU"
    ),
    threads: int = typer.Option(0, "--threads", "-j", min=0, help="0 uses all cores"),
    workers: str = typer.Option(
        "auto", "--workers", metavar="N", help="processes that fit chunks side by side, ray, or ray://HOST:PORT"
    ),
    resume: bool = typer.Option(True, "--resume/--no-resume", help="go on from what an earlier start had finished"),
    chunks: str | None = typer.Option(
        None, "--chunks", metavar="A:B", help="only chunks A to B - 1 of the whole, for invr cat"
    ),
    seed: int = typer.Option(0, "--seed", min=0),
    verify: bool = typer.Option(False, "--verify", help="decode what was written and compare"),
    no_tags: bool = typer.Option(False, "--no-tags", help="do not name the encoder in the file"),
    ignore_errors: bool = typer.Option(False, "--ignore-errors", help="encode what can be read of a damaged input"),
    progress: str | None = typer.Option(
        None, "--progress", metavar="TARGET", help="key=value to pipe:N, fd:N, - or file"
    ),
    force: bool = typer.Option(False, "--force", help="binary data to or from a terminal"),
    verbose: int = typer.Option(0, "-v", "--verbose", count=True, help="say more"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Fit networks to a clip and write them as an .inrv file."""
    name = output_name(target, output)
    check_overwrite(source, name, yes=yes, no=no)
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
    media, written = input_of(source, force=force), output_of(name, force=force)
    with progress_target(progress, name) as records:
        from invr.config import CODERS, WorkConfig

        chosen = priced(preset, steps, quality, bits, finetune_steps, goal)
        if asymmetric and chosen.fit.lmbda:
            raise typer.BadParameter(
                "needs --bits: the integers of learned steps are symmetric", param_hint="--asymmetric"
            )
        config = with_options(
            chosen,
            model=model,
            bits=bits,
            audio=audio,
            chunk_frames=chunk_frames,
            tiles=tiles,
            seed=seed,
            device=device,
            threads=threads,
        )
        config = replace(
            config,
            fit=replace(config.fit, batch=batch),
            quant=replace(
                config.quant,
                symmetric=config.quant.symmetric and not asymmetric,
                finetune_steps=config.quant.finetune_steps if finetune_steps is None else finetune_steps,
            ),
            coder=choice(coder, CODERS, "--coder") if coder else config.coder,
            verify=verify,
            tags=not no_tags,
        )
        work = WorkConfig(workers, resume, parse_chunks(chunks))
        from invr import encoder

        display = Display(quiet=quiet, records=records)
        try:
            with parked_by_interrupt(display.say) as stopping:
                result = encoder.encode(
                    media,
                    written,
                    config,
                    read,
                    lambda state: display.show(encode_line(state), state.done, encode_record(state)),
                    tags=settings_tags(preset, model or model_name(config.model), config),
                    work=work,
                    say=display.say,
                    stopping=stopping,
                )
        finally:
            display.close()
        for warning in result.warnings:
            display.warn(warning)
        record: dict[str, object] = {"total_size": result.bytes_written, "frame": result.frames}
        display.finish(_summary(name, result, verbose), record)
    missed = [f"{outcome_text(outcome)} ({outcome.why})" for outcome in result.outcomes if outcome.why]
    if missed:
        raise GoalError(f"{', '.join(missed)}; the file is written and whole")


def _summary(name: str, result: EncodeResult, verbose: int) -> str:
    shown = "standard output" if name == PIPE else name
    rate = 8e-3 * result.bytes_written / result.duration_s if result.duration_s else 0.0
    quality = decibels(result.psnr_db, "PSNR") + decibels(result.snr_db, "sound SNR")
    reached = [outcome_text(outcome) for outcome in result.outcomes]
    parts = [f"{shown}: {size(result.bytes_written)}", f"{rate:.1f} kbit/s", *quality, *reached]
    if verbose:
        parts += [f"{result.chunks} chunks", f"{result.frames} frames", f"{result.samples} samples"]
        parts.append(clock(result.duration_s))
        parts += [f"{result.resumed} chunks of an earlier start"] if result.resumed else []
    return " | ".join(parts)
