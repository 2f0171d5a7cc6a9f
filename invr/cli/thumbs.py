"""`invr thumbs`: a contact sheet of an `.inrv` file."""

from __future__ import annotations

import sys

import typer

from invr.cli.options import PIPE, check_input, check_overwrite, output_name, output_of
from invr.cli.progress import Display, work_line


def thumbs(
    source: str = typer.Argument(..., metavar="IN", help=".inrv file"),
    target: str | None = typer.Argument(None, metavar="[OUT]", help="output, instead of -o"),
    output: str | None = typer.Option(
        None, "-o", "--output", metavar="OUT", help="picture: png, jpg, bmp, tiff, webp; or - for standard output"
    ),
    format_name: str | None = typer.Option(None, "-f", "--format", help="output format; png for standard output"),
    columns: int | None = typer.Option(None, "--columns", help="thumbnails in a row; 4"),
    rows: int | None = typer.Option(None, "--rows", help="rows; 4, or as many as --count takes"),
    count: int | None = typer.Option(None, "--count", help="thumbnails in all, with --columns or --rows or neither"),
    width: int = typer.Option(160, "--width", help="of a thumbnail, in pixels"),
    device: str = typer.Option("cpu", "--device", help="cpu, cuda or auto"),
    threads: int = typer.Option(0, "--threads", "-j", min=0, help="0 uses all cores"),
    yes: bool = typer.Option(False, "-y", "--yes", help="overwrite the output"),
    no: bool = typer.Option(False, "-n", "--no", help="never overwrite (the default)"),
    force: bool = typer.Option(False, "--force", help="binary data to a terminal"),
    verbose: int = typer.Option(0, "-v", "--verbose", count=True, help="list the times on standard output; say more"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Draw frames evenly spaced in time as one picture, each evaluated at the size of a thumbnail."""
    name = output_name(target, output)
    if source == PIPE:
        raise typer.BadParameter("a contact sheet needs a file that can be sought: standard input will not do")
    check_overwrite(source, name, yes=yes, no=no)
    check_input(source)
    written = output_of(name, force=force)
    from invr.media import WriteConfig
    from invr.thumbs import SheetConfig, contact_sheet

    sheet = contact_sheet(
        source,
        written,
        SheetConfig(columns, rows, count, width, device, threads),
        WriteConfig(format_name),
    )
    display = Display(quiet=quiet, records=None)
    for warning in sheet.warnings:
        display.warn(warning)
    if verbose and name != PIPE:
        rows_of = enumerate(sheet.times_s)
        lines = [f"{k // sheet.columns + 1} {k % sheet.columns + 1} {time_s:.3f}\n" for k, time_s in rows_of]
        sys.stdout.write("".join(["row column time_s\n", *lines]))
    line = (
        f"{'standard output' if name == PIPE else name}: {len(sheet.times_s)} frames, {sheet.size[0]}x{sheet.size[1]}"
    )
    display.finish(line + (f"\n{work_line(sheet.work)}" if verbose else ""), {})
