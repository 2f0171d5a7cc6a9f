"""Opening an `.inrv` file by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from inrv_format.errors import InputError


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """The file, or InputError of one line."""
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InputError(f"{os.fspath(path)}: {error.strerror}") from error
