"""Opening an `.inrv` file by name."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from inrv_format.errors import InputError


def opened(name: str) -> BinaryIO:
    """The file, or InputError of one line."""
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise InputError(f"{name}: {error.strerror}") from error
