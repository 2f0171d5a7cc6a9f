"""`invr test`: is the file whole?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from inrv_format.errors import InvalidDataError, named
from inrv_format.reader import Reader
from inrv_format.wholeness import unpacked

from invr.cli.options import limits_of, opened_input
from invr.cli.settings import read_config


def test_files(
    sources: list[str] = typer.Argument(..., metavar="FILE...", help=".inrv files, or - for standard input"),
    deep: bool = typer.Option(False, "--deep", help="evaluate every network too"),
    source: str | None = typer.Option(
        None, "--source", metavar="MEDIA", help="what FILE was made of: has each chunk the quality that it states?"
    ),
    start: str | None = typer.Option(None, "-ss", "--ss", metavar="TIME", help="of the source, as in the encode"),
    duration: str | None = typer.Option(None, "-t", "--t", metavar="TIME", help="as in the encode"),
    end: str | None = typer.Option(None, "-to", "--to", metavar="TIME", help="as in the encode"),
    frames: int | None = typer.Option(None, "-frames", "--frames", min=1, help="as in the encode"),
    scaled: str | None = typer.Option(None, "-s", "--size", metavar="WxH", help="as in the encode"),
    device: str = typer.Option("cpu", "--device", help="cpu, cuda or auto"),
    threads: int = typer.Option(0, "--threads", "-j", min=0, help="0 uses all cores"),
    limits: str | None = typer.Option(None, "--limits", metavar="NAME=N,...", help="instead of the default limits"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Check every CRC, range, payload and index entry, and the digest of each network's integers."""
    if source is not None and len(sources) > 1:
        raise typer.BadParameter("--source is what one FILE was made of")
    allowed = limits_of(limits)
    for name in sources:
        with named(name), _repair_named(), opened_input(name) as file:
            reader = Reader(file, limits=allowed)
            if deep or source is not None:
                found = _deep(reader, source, (start, duration, end), frames, scaled, device, threads)
            else:
                found = f"{sum(1 for _ in unpacked(reader))} chunks"
        if not quiet:
            sys.stderr.write(f"{name}: ok, {found}\n")


def _deep(
    reader: Reader,
    source: str | None,
    span: tuple[str | None, str | None, str | None],
    frames: int | None,
    scaled: str | None,
    device: str,
    threads: int,
) -> str:
    from invr.device import prepare_device
    from invr.examine import examine

    read = read_config(
        format_name=None,
        span=span,
        frames=frames,
        scaled=scaled,
        no_video=False,
        no_audio=False,
        ignore_errors=False,
    )
    found = examine(reader, source, read, prepare_device(device, threads))
    text = f"{found.chunks} chunks, {found.units} networks, {found.frames} frames, {found.samples} samples evaluated"
    return text if source is None else f"{text}, {found.as_good} chunks of the quality that they state"


@contextmanager
def _repair_named() -> Iterator[None]:
    """Say of a file that is damaged behind its start what may help."""
    try:
        yield
    except InvalidDataError as error:
        if error.exit_code != InvalidDataError.exit_code or error.offset in (0, None):
            raise
        raise type(error)(f"{error}; invr repair keeps what is whole") from error
