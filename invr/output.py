"""Output files that are either whole or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inrv_format.errors import InrvError, OutputError


@contextmanager
def replaced_file(target: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside `target` to write to; it takes the target's name when the block ends without error.

    The file and its folder are synced before and after the rename. OutputError for a folder that cannot be written
    or a disk that is full; a device such as /dev/null is written to directly.
    """
    final = Path(target)
    if final.exists() and not final.is_file():
        yield _checked_device(final)
        return
    temporary = _temporary_beside(final)
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, final)
        _sync(final.parent)
    except InrvError:
        raise
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{final}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _checked_device(path: Path) -> Path:
    if path.is_dir():
        raise OutputError(f"{path}: is a folder")
    return path


def _temporary_beside(final: Path) -> Path:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{final.name}.", suffix=".part", dir=final.parent)
        umask = os.umask(0)
        os.umask(umask)
        os.fchmod(handle, 0o666 & ~umask)
        os.close(handle)
    except OSError as error:
        raise OutputError(f"{final}: {error.strerror}") from error
    return Path(name)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
