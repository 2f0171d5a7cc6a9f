"""`invr test`: is the file whole?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from inrv_format.errors import InvalidDataError, named
from inrv_format.reader import Reader

from invr.cli.options import PIPE, open_input_pipe
from invr.source import opened


def test_files(
    sources: list[str] = typer.Argument(..., metavar="FILE...", help=".inrv files, or - for standard input"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Check every CRC, range, payload and index entry; nothing is evaluated."""
    for source in sources:
        with (
            named(source),
            _repair_named(),
            open_input_pipe(force=False) if source == PIPE else opened(source) as file,
        ):
            chunks = check(Reader(file))
        if not quiet:
            sys.stderr.write(f"{source}: ok, {chunks} chunks\n")


@contextmanager
def _repair_named() -> Iterator[None]:
    """Say of a file that is damaged behind its start what may help."""
    try:
        yield
    except InvalidDataError as error:
        if error.exit_code != InvalidDataError.exit_code or error.offset == 0:
            raise
        raise type(error)(f"{error}; invr repair keeps what is whole") from error


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
