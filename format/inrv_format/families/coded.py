"""Family 5, `coded`: no network, but packets of an ordinary sound codec (`spec/inrv.md` section 7.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from construct import Int8ul, Int16ul, Int32sl, Int32ul, Struct

from inrv_format.errors import UnsupportedError
from inrv_format.families.base import Domain, Shape, require
from inrv_format.schema import Cursor, parse_fields
from inrv_format.streams import AUDIO

CODECS = {1: "opus", 2: "flac", 3: "aac", 4: "mp3", 5: "vorbis", 6: "ac3", 7: "eac3", 8: "alac"}
MAX_EXTRADATA = 1 << 15
MAX_DISCARD = 1 << 16
MAX_EDITS, MAX_DROPPED = 1024, 1 << 20
MAX_RATE_HZ = 768_000
SECTION = "7.8"

_WIRE = Struct("codec" / Int8ul, "rate_hz" / Int32ul, "discard" / Int32ul, "edit_count" / Int16ul)
_EDIT = Struct("place" / Int32ul, "samples" / Int32sl)


@dataclass(frozen=True, slots=True)
class CodedSpec:
    """Packets of `codec` that give samples at `rate_hz`, of which the first `discard` are to be dropped.

    `extradata` is the codec's own header, without which its packets mean nothing. `edits` are places in the sound, in
    samples at `rate_hz`, with how many samples of silence come there, or less than 0, how many more are dropped.
    """

    codec: str
    rate_hz: int
    discard: int = 0
    extradata: bytes = b""
    edits: tuple[tuple[int, int], ...] = ()

    NAME: ClassVar[str] = "coded"
    MEDIA: ClassVar[int] = AUDIO

    def __post_init__(self) -> None:
        require(0 < self.rate_hz <= MAX_RATE_HZ, f"sample rate {self.rate_hz} is out of range")
        require(self.discard <= MAX_DISCARD, f"{self.discard} samples to discard")
        require(len(self.extradata) <= MAX_EXTRADATA, f"codec header of {len(self.extradata)} bytes")
        require(len(self.edits) <= MAX_EDITS, f"{len(self.edits)} edits of the sound of packets")
        require(self.dropped <= MAX_DROPPED, f"{self.dropped} samples dropped between packets")
        end = 0
        for place, samples in self.edits:
            require(place >= end and samples != 0, "edits of the sound of packets overlap or do nothing")
            end = place + max(samples, 0)

    @property
    def dropped(self) -> int:
        """How many samples the edits drop."""
        return sum(max(-samples, 0) for _, samples in self.edits)

    def pack(self) -> bytes:
        """Wire form."""
        codec = {name: wire_id for wire_id, name in CODECS.items()}[self.codec]
        header = {"rate_hz": self.rate_hz, "discard": self.discard, "edit_count": len(self.edits)}
        data: bytes = _WIRE.build({"codec": codec, **header})
        edits = [_EDIT.build({"place": place, "samples": samples}) for place, samples in self.edits]
        return b"".join([data, *edits, self.extradata])

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """From the wire form, ranges checked."""
        cursor = Cursor(data, section=SECTION)
        fields = parse_fields(_WIRE, bytes(cursor.take(_WIRE.sizeof())), 0, SECTION)
        codec, edit_count = fields.pop("codec"), fields.pop("edit_count")
        if codec not in CODECS:
            raise UnsupportedError(f"sound codec {codec} is not known to this version (known: {sorted(CODECS)})")
        edits = [cursor.fields(_EDIT) for _ in range(edit_count)]
        header = bytes(cursor.take(cursor.remaining))
        return cls(CODECS[codec], **fields, extradata=header, edits=tuple((e["place"], e["samples"]) for e in edits))

    def tensor_shapes(self, domain: Domain) -> list[tuple[str, Shape]]:
        """None: there are no weights."""
        del domain
        return []

    def macs(self, domain: Domain) -> int:
        """None: what a codec does is small."""
        del domain
        return 0


def join_packets(packets: tuple[bytes, ...]) -> bytes:
    """The payload: every packet after its length."""
    return b"".join(len(packet).to_bytes(4, "little") + packet for packet in packets)


def split_packets(payload: bytes) -> tuple[bytes, ...]:
    """The packets of a payload; InvalidDataError for one of no bytes, TruncatedError where it ends within one."""
    cursor, packets = Cursor(payload, section=SECTION), []
    while cursor.remaining:
        length = int.from_bytes(cursor.take(4), "little")
        if not length:
            raise cursor.fail("an empty packet")
        packets.append(bytes(cursor.take(length)))
    return tuple(packets)
