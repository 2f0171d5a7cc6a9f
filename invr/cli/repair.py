"""`invr repair`: what is whole of a damaged or cut `.inrv` file, as a whole file."""

from __future__ import annotations

import sys

import typer
from inrv_format.mend import Mending

from invr.cli.options import PIPE, check_overwrite, open_input_pipe, open_output_pipe, output_name
from invr.cli.progress import warn
from invr.output import TargetFile, Translated
from invr.source import opened


def repair(
    source: str = typer.Argument(..., metavar="IN", help=".inrv file, or - for standard input"),
    target: str | None = typer.Argument(None, metavar="[OUT]", help="output, instead of -o"),
    output: str | None = typer.Option(None, "-o", "--output", metavar="OUT", help="output, or - for standard output"),
    yes: bool = typer.Option(False, "-y", "--yes", help="overwrite the output"),
    no: bool = typer.Option(False, "-n", "--no", help="never overwrite (the default)"),
    force: bool = typer.Option(False, "--force", help="binary data to or from a terminal"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Write every chunk that is whole of a damaged or cut .inrv file as a whole file, and say what is lost.

    Done (exit code 0) where any chunk is saved; a file that is whole already is copied.
    """
    name = output_name(target, output)
    check_overwrite(source, name, yes=yes, no=no)
    with TargetFile(open_output_pipe(force=force) if name == PIPE else name) as file:
        sink = Translated(file)
        with open_input_pipe(force=force) if source == PIPE else opened(source) as damaged:
            mending = Mending(damaged)
            for piece in mending.pieces():
                sink.write(piece)
    for loss in mending.losses:
        warn(str(loss))
    if not quiet:
        shown = "standard output" if name == PIPE else name
        sys.stderr.write(f"{shown}: {_summary(mending)}\n")


def _summary(mending: Mending) -> str:
    """What became of the file."""
    if mending.unchanged:
        return f"{mending.chunks} chunks, the file was whole and is copied as it is"
    spans = sum(loss.chunks for loss in mending.losses)
    if not spans:
        return f"all {mending.chunks} chunks are saved, what is around them is written anew"
    return f"{mending.chunks} chunks are saved, lost spans of time: {spans}"
