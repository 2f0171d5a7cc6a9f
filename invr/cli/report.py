"""`invr report`: the results of a benchmark as one page."""

from __future__ import annotations

import sys

import typer

from invr.cli.options import check_overwrite


def report(
    results: str = typer.Argument(..., metavar="BENCH", help="bench.json, as tools/bench writes it"),
    output: str = typer.Option(..., "-o", "--output", metavar="OUT", help="the HTML page"),
    media: str | None = typer.Option(None, "--media", metavar="DIR", help="look for the clips here first"),
    yes: bool = typer.Option(False, "-y", "--yes", help="overwrite the output"),
    no: bool = typer.Option(False, "-n", "--no", help="never overwrite (the default)"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="say only what went wrong"),
) -> None:
    """Draw the results of a benchmark as one HTML page that needs no network."""
    check_overwrite(results, output, yes=yes, no=no)
    from invr.report.page import write_report

    size = write_report(results, output, media)
    if not quiet:
        sys.stderr.write(f"{output}: {size / 1e6:.2f} MB\n")
