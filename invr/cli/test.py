"""`invr test`: is the file whole?"""

from __future__ import annotations

import sys

import typer
from inrv_format.errors import InvalidDataError
from inrv_format.reader import Reader

from invr.cli.options import PIPE, open_input_pipe
from invr.source import opened


def test_files(
    sources: list[str] = typer.Argument(..., metavar="FILE...", help=".inrv files, or - for standard input"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Check every CRC, range, payload and index entry; nothing is evaluated."""
    for source in sources:
        if source == PIPE:
            chunks = check(Reader(open_input_pipe(force=False)))
        else:
            with opened(source) as file:
                chunks = check(Reader(file))
        if not quiet:
            sys.stderr.write(f"{source}: ok, {chunks} chunks\n")


def check(reader: Reader) -> int:
    """Read the whole file and unpack every weight; returns the number of chunks."""
    count = 0
    for chunk in reader.chunks():
        for unit in chunk.units:
            unit.symbols()
        count += 1
    if reader.index is not None:
        if len(reader.index.entries) != count:
            raise InvalidDataError(
                f"the index lists {len(reader.index.entries)} chunks, there are {count}", section="8"
            )
        for number in range(count):
            reader.chunk(number)
    return count
