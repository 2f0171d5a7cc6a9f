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


class CountedSource:
    """A source as it is, with `bytes_read` counting what was read of it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        """As for any file."""
        data = self._source.read(size)
        self.bytes_read += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """As for any file."""
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        """As for any file."""
        return self._source.tell()
