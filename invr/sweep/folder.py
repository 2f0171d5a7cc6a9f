"""The folder of a sweep: which of its files are results, and that nothing is overwritten unasked."""

from __future__ import annotations

import os
from pathlib import Path

from inrv_format.errors import OutputError

RESULTS = ("sweep.json", "bits.csv", "sizes.csv", "contact.png", "sweep.html")
FILES, CONTACT = "files", "contact.png"
PATTERNS = ("bits-*.inrv", "size-*.inrv")


def check_folder(source: str, folder: Path, *, overwrite: bool) -> None:
    """OutputError where `folder` holds results and they may not be overwritten, or where one is the source."""
    for path in _results(folder):
        if os.path.exists(source) and os.path.samefile(source, path):
            raise OutputError(f"{path}: input and output are the same file")
        if not overwrite and path.name in RESULTS:
            raise OutputError(f"{path}: exists already (-y to overwrite)")


def clear_folder(folder: Path) -> None:
    """Make the folder, and remove earlier results from it, so that all of it is of one sweep."""
    try:
        (folder / FILES).mkdir(parents=True, exist_ok=True)
        for path in _results(folder):
            path.unlink()
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error


def _results(folder: Path) -> list[Path]:
    named = [folder / name for name in RESULTS if (folder / name).is_file()]
    return named + [path for pattern in PATTERNS for path in sorted((folder / FILES).glob(pattern))]
