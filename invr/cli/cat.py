"""`invr cat`: `.inrv` files one after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from inrv_format.concatenate import concatenate
from inrv_format.reader import Reader

from invr.cli.options import PIPE, check_overwrite, open_input_pipe, open_output_pipe
from invr.cli.progress import size
from invr.output import TargetFile, Translated
from invr.source import opened


def cat(
    sources: list[str] = typer.Argument(..., metavar="IN...", help=".inrv files in order; one may be - (a pipe)"),
    output: str = typer.Option(..., "-o", "--output", metavar="OUT", help="output, or - for standard output"),
    yes: bool = typer.Option(False, "-y", "--yes", help="overwrite the output"),
    no: bool = typer.Option(False, "-n", "--no", help="never overwrite (the default)"),
    force: bool = typer.Option(False, "--force", help="binary data to or from a terminal"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Join .inrv files without decoding them: parts of one encode, or clips that are moved to follow each other.

    Size, time base, colour and sound must be the same in all files; sound and picture of each stay together.
    """
    if sources.count(PIPE) > 1:
        raise typer.BadParameter("standard input can be one of the files, not several")
    for source in sources:
        check_overwrite(source, output, yes=yes, no=no)
    parts = [_Part(source, force=force) for source in sources]
    with TargetFile(open_output_pipe(force=force) if output == PIPE else output) as target:
        result = concatenate(parts, Translated(target))
    if not quiet:
        for warning in result.warnings:
            sys.stderr.write(f"invr: warning: {warning}\n")
        name = "standard output" if output == PIPE else output
        facts = (
            f"{len(parts)} files, {result.chunks} chunks, up to {result.end_s:.3f} s, {size(result.bytes_written)}"
        )
        sys.stderr.write(f"{name}: {facts}\n")


class _Part:
    """A file by its name; one that cannot be sought is opened once and kept."""

    def __init__(self, source: str, *, force: bool) -> None:
        self.name = "standard input" if source == PIPE else source
        self._source = source
        self._force = force
        self._kept: Reader | None = None

    @contextmanager
    def open(self) -> Iterator[Reader]:
        """A reader at the first chunk."""
        if self._kept is not None:
            yield self._kept
            return
        file = open_input_pipe(force=self._force) if self._source == PIPE else opened(self._source)
        try:
            reader = Reader(file)
            self._kept = reader if reader.index is None or self._source == PIPE else None
            yield reader
        finally:
            if self._kept is None:
                file.close()
