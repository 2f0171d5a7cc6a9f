"""`invr refine`: go on fitting a finished file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer
from inrv_format.errors import OptionError, OutputError

from invr.cli.options import PIPE, check_input, output_of, parse_time, progress_target
from invr.cli.progress import Display, encode_line, encode_record, size
from invr.cli.settings import DEFAULT_REFINE_STEPS, read_config

if TYPE_CHECKING:
    from invr.refine import RefineResult


def refine(
    path: str = typer.Argument(..., metavar="FILE", help=".inrv file"),
    source: str | None = typer.Option(None, "--source", metavar="IN", help="the media file that it was made of"),
    output: str | None = typer.Option(
        None, "-o", "--output", metavar="OUT", help="output, or - for standard output; else FILE is replaced"
    ),
    time_budget: str | None = typer.Option(None, "--time-budget", metavar="TIME", help="finish within this time"),
    steps: int | None = typer.Option(
        None,
        "--steps",
        min=1,
        help=f"steps of each network a round, if no time is given: {DEFAULT_REFINE_STEPS}",
    ),
    quality: float | None = typer.Option(
        None, "-q:v", "--quality", metavar="0-100", help="what a bit may cost to begin with; the file's own else"
    ),
    format_name: str | None = typer.Option(None, "-f", "--format", help="input format, where it cannot be told"),
    yes: bool = typer.Option(False, "-y", "--yes", help="overwrite OUT"),
    start: str | None = typer.Option(None, "-ss", "--ss", metavar="TIME", help="as in the encode"),
    duration: str | None = typer.Option(None, "-t", "--t", metavar="TIME", help="as in the encode"),
    end: str | None = typer.Option(None, "-to", "--to", metavar="TIME", help="as in the encode"),
    frames: int | None = typer.Option(None, "-frames", "--frames", min=1, help="as in the encode"),
    scaled: str | None = typer.Option(None, "-s", "--size", metavar="WxH", help="as in the encode"),
    device: str = typer.Option("cpu", "--device", help="cpu, cuda or auto"),
    threads: int = typer.Option(0, "--threads", "-j", min=0, help="0 uses all cores"),
    workers: str = typer.Option("auto", "--workers", metavar="N", help="processes that fit chunks side by side"),
    seed: int = typer.Option(0, "--seed", min=0),
    progress: str | None = typer.Option(
        None, "--progress", metavar="TARGET", help="key=value to pipe:N, fd:N, - or file"
    ),
    force: bool = typer.Option(False, "--force", help="binary data to a terminal"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Fit the networks of an .inrv file on; each chunk gets better, in no more bytes, or stays as it is."""
    if source is None:
        raise OptionError(f"{path}: a file does not hold what it was made of: name it with --source")
    if time_budget is not None and steps is not None:
        raise typer.BadParameter("--time-budget excludes --steps")
    if PIPE in (path, source):
        raise typer.BadParameter("a file that is fitted on and its source are read more than once: no standard input")
    for file in (path, source):
        check_input(file)
    name = output or path
    _check_output(path, source, output, yes=yes)
    written = output_of(name, force=force)
    read = read_config(
        format_name=format_name,
        span=(start, duration, end),
        frames=frames,
        scaled=scaled,
        no_video=False,
        no_audio=True,
        ignore_errors=False,
    )
    with progress_target(progress, name) as records:
        from invr.config import WorkConfig
        from invr.quality import lmbda_of
        from invr.refine import RefineConfig
        from invr.refine import refine as refine_file

        config = RefineConfig(
            steps or DEFAULT_REFINE_STEPS,
            parse_time(time_budget, "--time-budget"),
            None if quality is None else lmbda_of(quality),
            seed,
            device,
            threads,
        )
        display = Display(quiet=quiet, records=records)
        try:
            result = refine_file(
                path,
                source,
                written,
                config,
                read,
                lambda state: display.show(encode_line(state), state.done, encode_record(state)),
                work=WorkConfig(workers),
            )
        finally:
            display.close()
        display.finish(_summary(name, result), {"total_size": result.bytes_written})


def _check_output(path: str, source: str, output: str | None, *, yes: bool) -> None:
    if output is None or output == PIPE or not os.path.exists(output):
        return
    if os.path.exists(source) and os.path.samefile(source, output):
        raise OutputError(f"{output}: input and output are the same file")
    if os.path.isfile(output) and not yes and not (os.path.exists(path) and os.path.samefile(path, output)):
        raise OutputError(f"{output}: exists already (-y to overwrite)")


def _summary(name: str, result: RefineResult) -> str:
    shown = "standard output" if name == PIPE else name
    return (
        f"{shown}: {size(result.bytes_before)} to {size(result.bytes_written)} | PSNR {result.psnr_before_db:.2f} to "
        f"{result.psnr_db:.2f} dB | {result.better} of {result.chunks} chunks better"
    )
