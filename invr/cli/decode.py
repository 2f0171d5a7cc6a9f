"""`invr decode`: `.inrv` to media."""

from __future__ import annotations

import time

import typer

from invr.cli.options import (
    PIPE,
    check_overwrite,
    input_of,
    limits_of,
    output_name,
    output_of,
    parse_crop,
    parse_rate,
    parse_size,
    parse_span,
    parse_time,
    progress_target,
)
from invr.cli.progress import Display, decode_line, decode_record, percentage, warn, work_line


def decode(
    source: str = typer.Argument(..., metavar="IN", help=".inrv file, or - for standard input"),
    target: str | None = typer.Argument(None, metavar="[OUT]", help="output, instead of -o"),
    output: str | None = typer.Option(None, "-o", "--output", metavar="OUT", help="output, or - for standard output"),
    format_name: str | None = typer.Option(
        None, "-f", "--format", help="output format: matroska (pipes), mp4, yuv4mpegpipe, wav, digest, null, ..."
    ),
    yes: bool = typer.Option(False, "-y", "--yes", help="overwrite the output"),
    no: bool = typer.Option(False, "-n", "--no", help="never overwrite (the default)"),
    start: str | None = typer.Option(None, "-ss", "--ss", metavar="TIME", help="start here"),
    duration: str | None = typer.Option(None, "-t", "--t", metavar="TIME", help="for this long"),
    end: str | None = typer.Option(None, "-to", "--to", metavar="TIME", help="end here"),
    frames: int | None = typer.Option(None, "-frames", "--frames", min=1, help="at most this many frames"),
    scaled: str | None = typer.Option(None, "-s", "--size", metavar="WxH", help="evaluate at this size"),
    scale: float = typer.Option(1.0, "--scale", help="evaluate at this many times the size"),
    crop: str | None = typer.Option(
        None,
        "--crop",
        metavar="X:Y:W:H",
        help="evaluate this part alone, in pixels of the upright picture as -s and --scale make it",
    ),
    at: str | None = typer.Option(
        None, "--at", metavar="TIME", help="one picture, as it is then, between two frames too"
    ),
    fps: str | None = typer.Option(None, "--fps", metavar="RATE", help="evaluate at this frame rate"),
    sample_rate: int = typer.Option(0, "-ar", "--sample-rate", metavar="HZ", help="resample the sound to this rate"),
    denoise: bool | None = typer.Option(None, "--denoise/--no-denoise", help="instead of what the encoder measured"),
    salvage: bool = typer.Option(False, "--salvage", help="of a damaged or cut file, what is whole"),
    video_codec: str | None = typer.Option(None, "-c:v", "--video-codec", help="FFmpeg's name of the output's codec"),
    audio_codec: str | None = typer.Option(None, "-c:a", "--audio-codec", help="FFmpeg's name of the output's codec"),
    pix_fmt: str | None = typer.Option(None, "-pix_fmt", "--pix-fmt", help="FFmpeg's name of the output's format"),
    crf: int | None = typer.Option(None, "-crf", "--crf", min=0, max=63, help="quality of a lossy output codec"),
    limits: str | None = typer.Option(None, "--limits", metavar="NAME=N,...", help="instead of the default limits"),
    device: str = typer.Option("cpu", "--device", help="cpu, cuda or auto"),
    threads: int = typer.Option(0, "--threads", "-j", min=0, help="0 uses all cores"),
    batch: int = typer.Option(0, "--batch", min=0, help="frames evaluated at once; 0 suits the device"),
    bitexact: bool = typer.Option(
        False, "-bitexact", "--bitexact", help="the same bytes with any --threads and --batch; on the CPU"
    ),
    progress: str | None = typer.Option(
        None, "--progress", metavar="TARGET", help="key=value to pipe:N, fd:N, - or file"
    ),
    force: bool = typer.Option(False, "--force", help="binary data to or from a terminal"),
    verbose: int = typer.Option(0, "-v", "--verbose", count=True, help="say more"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Evaluate the networks of an .inrv file and write picture and sound."""
    name = output_name(target, output)
    check_overwrite(source, name, yes=yes, no=no)
    start_s, duration_s = parse_span(start, duration, end)
    size, part, rate = parse_size(scaled, "-s"), parse_crop(crop), parse_rate(fps)
    at_s = parse_time(at, "--at")
    read, written = input_of(source, force=force), output_of(name, force=force)
    with progress_target(progress, name) as records:
        from invr import decoder
        from invr.config import DecodeConfig
        from invr.media import WriteConfig

        config = DecodeConfig(
            size=size,
            scale=scale,
            crop=part,
            fps=rate,
            start_s=start_s,
            duration_s=duration_s,
            frames=frames,
            at_s=() if at_s is None else (at_s,),
            denoise=denoise,
            sample_rate_hz=sample_rate,
            salvage=salvage,
            device=device,
            threads=threads,
            batch=batch,
            bitexact=bitexact,
            limits=limits_of(limits),
        )
        write = WriteConfig(format_name, video_codec, audio_codec, pix_fmt, crf, bitexact)
        display = Display(quiet=quiet, records=records)
        started = time.monotonic()

        def show(state: decoder.DecodeProgress) -> None:
            elapsed = time.monotonic() - started
            if verbose and not state.chunk and state.share is not None:
                display.note(f"about {percentage(state.share)} of the whole file's work is to be done")
            done = state.chunk / state.chunks if state.chunks else None
            display.show(decode_line(state, elapsed), done, decode_record(state, elapsed))

        try:
            result = decoder.decode(read, written, config, write, show)
        finally:
            display.close()
        for warning in result.warnings:
            display.warn(warning)
        for loss in result.losses:
            warn(str(loss))
        elapsed = time.monotonic() - started
        line = f"{'standard output' if name == PIPE else name}: {result.frames} frames, {result.samples} samples"
        if verbose:
            line += f" | {elapsed:.1f} s, {result.frames / elapsed:.1f} fps\n{work_line(result.work)}"
        display.finish(line, {"frame": result.frames, "samples": result.samples})
