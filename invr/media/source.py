"""Opening a source: a path, a URL, a seekable file or a pipe, with FFmpeg's reasons as `InputError`."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import BinaryIO

import av
import av.container
import av.error
from inrv_format.errors import InputError, OutputError

from invr.media.length import missing_bytes
from invr.media.logs import captured_logs

MAX_SNIFF_BYTES = 1 << 20
MOV_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")

Source = str | os.PathLike[str] | BinaryIO


class PeekedFile:
    """A file that cannot seek, with bytes already read from it put back in front."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes (all where negative); empty at the end."""
        if not self._head:
            return self._rest.read(size)
        if size < 0:
            head, self._head = self._head, b""
            return head + self._rest.read()
        head, self._head = self._head[:size], self._head[size:]
        return head


def source_name(source: Source) -> str:
    """What messages call the source."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<input>"


def open_source(
    source: Source, demuxer: str | None, name: str
) -> tuple[av.container.InputContainer, BinaryIO | None]:
    """The open container, and the temporary file that it reads from (the caller closes both), if any.

    Raises InputError where FFmpeg cannot read it, OutputError where a pipe cannot be spooled to disk.
    """
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        _check_path(path)
        return _open(path, demuxer, name), None
    seekable = getattr(source, "seekable", None)
    if seekable is not None and seekable():
        return _open(source, demuxer, name), None
    head, streamable = sniff(source)
    peeked = PeekedFile(head, source)
    if streamable:
        return _open(peeked, demuxer, name), None
    spooled = _spool(peeked, name)
    try:
        return _open(spooled, demuxer, name), spooled
    except BaseException:
        spooled.close()
        raise


def source_missing_bytes(source: Source) -> int:
    """How many bytes a file's own sizes promise beyond its end; 0 for what cannot seek."""
    if isinstance(source, (str, os.PathLike)):
        if not os.path.isfile(source):
            return 0
        with open(source, "rb") as file:
            return missing_bytes(file)
    seekable = getattr(source, "seekable", None)
    return missing_bytes(source) if seekable is not None and seekable() else 0


def sniff(source: BinaryIO) -> tuple[bytes, bool]:
    """The first bytes of a pipe, and whether it can be read as it comes.

    It cannot where it is an MP4 or MOV file whose index (moov) does not come before its data (mdat).
    """
    head = _read_to(source, b"", 8)
    if head[4:8] not in MOV_BOXES:
        return head, True
    offset = 0
    while offset + 8 <= len(head):
        kind = head[offset + 4 : offset + 8]
        size = int.from_bytes(head[offset : offset + 4], "big")
        if kind == b"moov":
            return head, True
        offset += size
        if kind == b"mdat" or size < 8 or offset + 8 > MAX_SNIFF_BYTES:
            return head, False
        head = _read_to(source, head, offset + 8)
    return head, False


def reason(error: Exception) -> str:
    """An error's text without its number, its file name and FFmpeg's function."""
    text = getattr(error, "strerror", None)
    return str(text) if text else str(error)


def _check_path(path: str) -> None:
    if "://" in path or "%" in os.path.basename(path):
        return
    if not os.path.exists(path):
        raise InputError(f"{path}: no such file")
    if os.path.isdir(path):
        raise InputError(f"{path}: is a directory, expected a media file")


def _open(source: str | PeekedFile | BinaryIO, demuxer: str | None, name: str) -> av.container.InputContainer:
    with captured_logs() as logs:
        try:
            return av.open(source, "r", format=demuxer, metadata_errors="replace")
        except PermissionError:
            raise InputError(f"{name}: no permission to read") from None
        except (av.error.FFmpegError, OSError) as error:
            raise InputError(_refusal(name, error, [text for _, _, text in logs])) from None
        except ValueError as error:
            raise InputError(f"{name}: {error}") from None


def _refusal(name: str, error: Exception, logs: list[str]) -> str:
    if any("moov atom not found" in text for text in logs) or _lacks_moov(name):
        return f"{name}: the index (moov) is missing: the file was cut short or not finished"
    return f"{name}: not media that FFmpeg can read ({reason(error)})"


def _lacks_moov(path: str) -> bool:
    """Whether a file has the boxes of MP4 or MOV but no moov at its top level."""
    try:
        with open(path, "rb") as file:
            end = os.fstat(file.fileno()).st_size
            kinds: list[bytes] = []
            offset = 0
            while offset + 8 <= end and len(kinds) < 64:
                file.seek(offset)
                header = file.read(16)
                size = int.from_bytes(header[:4], "big")
                size = int.from_bytes(header[8:16], "big") if size == 1 else size
                kinds.append(header[4:8])
                offset += size if size >= 8 else end
    except OSError:
        return False
    return bool(kinds) and kinds[0] == b"ftyp" and b"moov" not in kinds


def _spool(source: PeekedFile, name: str) -> BinaryIO:
    spooled = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        shutil.copyfileobj(source, spooled)
        spooled.seek(0)
    except OSError as error:
        spooled.close()
        raise OutputError(f"{name}: cannot be spooled to a temporary file ({reason(error)})") from None
    return spooled


def _read_to(source: BinaryIO, head: bytes, size: int) -> bytes:
    while len(head) < size:
        more = source.read(size - len(head))
        if not more:
            break
        head += more
    return head
