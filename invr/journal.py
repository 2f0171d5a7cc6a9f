"""The journal beside an output: chunks that are finished, so that an encode that was stopped goes on from them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import struct
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inrv_format.errors import OutputError

from invr.output import translated
from invr.signals import Signal

SUFFIX = ".journal"
MAGIC = b"INRVJRN1"
KEY_BYTES = DIGEST_BYTES = 32
# CRC of what follows, chunk, digest of its signal, bytes of the notes, bytes of the content.
_RECORD = struct.Struct("<II32sII")
CRC_BYTES = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished chunk: the content of its box, and what the encoder noted beside it."""

    content: bytes
    notes: Mapping[str, Any]


def journal_path(target: str | os.PathLike[str]) -> Path | None:
    """Where the journal of an output lies; None for what is no ordinary file."""
    path = Path(target)
    return path.with_name(path.name + SUFFIX) if path.is_file() or not path.exists() else None


def key_of(*settings: object) -> bytes:
    """A digest of everything that decides what a chunk becomes, but for its signal."""
    return hashlib.sha256("\n".join(map(repr, settings)).encode()).digest()


def digest_of(signal: Signal) -> bytes:
    """A digest of all that a signal says."""
    found = hashlib.sha256(repr(signal.index).encode())
    if video := signal.video:
        found.update(repr((video.values.shape, video.last_duration, video.first_frame, video.bit_depth)).encode())
        found.update(video.pts.tobytes() + video.values.tobytes())
    if audio := signal.audio:
        head = (audio.values.shape, audio.pts, audio.first_sample, audio.overlap, audio.sample_rate_hz)
        found.update(repr((head, audio.codec, audio.packets, audio.edits)).encode() + audio.values.tobytes())
    return found.digest()


class Journal:
    """Chunks kept at `path` under `key`; a context manager that leaves the file, for the next start, until `remove`.

    Whatever a process is killed in the middle of, records that were added are found again: each has a CRC, and what
    follows the last whole one is cut off. A journal of another key is begun anew, as is any with `resume` False;
    `say` is told. Raises OutputError where the file cannot be written, or another encode writes it.
    """

    def __init__(self, path: Path, key: bytes, say: Callable[[str], None], *, resume: bool = True) -> None:
        self._path = path
        self._name = str(path.with_name(path.name.removesuffix(SUFFIX)))
        self._say = say
        self._places: dict[int, tuple[bytes, int]] = {}
        self._has_chunks = False
        with translated(self._name):
            self._file = open(path, "a+b", buffering=0)  # noqa: SIM115 - closed by close
            try:
                _lock(self._file.fileno(), self._name)
                self._begin(MAGIC + key, resume=resume)
            except BaseException:
                self._file.close()
                raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._places)

    def find(self, index: int, digest: bytes) -> Entry | None:
        """What chunk `index` became, if it was finished and its signal was this one."""
        if index not in self._places:
            return None
        known, at = self._places[index]
        if known != digest:
            self._say(f"chunk {index} of the source is not what it was: it is encoded anew")
            return None
        return self._entry(at)

    def add(self, index: int, digest: bytes, entry: Entry) -> None:
        """Keep a finished chunk; when this returns it is on the disk."""
        notes = json.dumps(entry.notes).encode()
        body = _RECORD.pack(0, index, digest, len(notes), len(entry.content))[CRC_BYTES:] + notes + entry.content
        with translated(self._name):
            _write_all(self._file.fileno(), zlib.crc32(body).to_bytes(CRC_BYTES, "little") + body)
            os.fsync(self._file.fileno())
        self._has_chunks = True

    def close(self) -> None:
        """Leave it for the next start, if it has a chunk."""
        if not self._has_chunks:
            self._path.unlink(missing_ok=True)
        self._file.close()

    def remove(self) -> None:
        """The output is whole: the journal is not needed any more."""
        with translated(self._name):
            self._path.unlink(missing_ok=True)

    def _begin(self, head: bytes, *, resume: bool) -> None:
        handle, length = self._file.fileno(), self._file.seek(0, os.SEEK_END)
        end = 0
        if resume and os.pread(handle, len(head), 0) == head:
            end = self._scan(len(head))
            self._has_chunks = bool(self._places)
            if self._places:
                self._say(f"going on with {len(self)} chunks that are finished already ({self._path.name})")
        elif length:
            self._say(f"{self._path.name} is {'of other settings' if resume else 'not used'}: all is encoded anew")
        self._file.truncate(end)
        if not end:
            _write_all(handle, head)
        os.fsync(handle)

    def _scan(self, at: int) -> int:
        """Find whole records; returns where they end."""
        while (record := self._record(at)) is not None:
            index, digest, end = record
            self._places[index] = digest, at
            at = end
        return at

    def _record(self, at: int) -> tuple[int, bytes, int] | None:
        """Chunk, digest and end of the record at a place, if there is a whole one."""
        head = os.pread(self._file.fileno(), _RECORD.size, at)
        if len(head) < _RECORD.size:
            return None
        crc, index, digest, note_bytes, content_bytes = _RECORD.unpack(head)
        body = os.pread(self._file.fileno(), note_bytes + content_bytes, at + _RECORD.size)
        if len(body) < note_bytes + content_bytes or zlib.crc32(head[CRC_BYTES:] + body) != crc:
            return None
        return index, digest, at + _RECORD.size + len(body)

    def _entry(self, at: int) -> Entry:
        *_, note_bytes, content_bytes = _RECORD.unpack(os.pread(self._file.fileno(), _RECORD.size, at))
        body = os.pread(self._file.fileno(), note_bytes + content_bytes, at + _RECORD.size)
        return Entry(body[note_bytes:], json.loads(body[:note_bytes]))


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _lock(handle: int, name: str) -> None:
    """Take the file for this process alone, where the system has such locks."""
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise OutputError(f"{name}: another encode is writing this file") from None
