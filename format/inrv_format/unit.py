"""Units: one network of a chunk, or packets in its place, as stored (`spec/inrv.md` sections 6.1 to 6.3)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inrv_format.entropy import check_coder, compress, decompress
from inrv_format.entropy.layout import Layout
from inrv_format.errors import InvalidDataError, LimitError
from inrv_format.families import CodedSpec, Domain, Spec, family_id, parse_family
from inrv_format.families.base import count_weights
from inrv_format.families.coded import join_packets, split_packets
from inrv_format.limits import Limits
from inrv_format.quantization import Shapes, TensorHeader, packed_length
from inrv_format.schema import UNIT_HEADER, Cursor

if TYPE_CHECKING:
    from inrv_format.tensors import Symbols

# The coder of what is no integers.
STORED = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """One network of a chunk as stored: what it is evaluated to, its Spec, and its compressed integers."""

    spec: Spec
    domain: Domain
    tile: int
    headers: tuple[TensorHeader, ...]
    coder: int
    raw_length: int
    symbols_crc: int
    payload: bytes

    def symbols(self) -> Symbols:
        """Decompress, check against the CRC of the uncompressed integers, and unpack; of packets, only check them."""
        from inrv_format.tensors import unpack

        if isinstance(self.spec, CodedSpec):
            self.packets()
            return ()
        shapes = self.spec.tensor_shapes(self.domain)
        raw = decompress(self.coder, self.payload, Layout(self.raw_length, self.headers, shapes))
        if zlib.crc32(raw) != self.symbols_crc:
            raise InvalidDataError("CRC of the uncompressed weights does not match", section="6.3")
        return unpack(raw, self.headers, shapes)

    def packets(self) -> tuple[bytes, ...]:
        """Those of an ordinary codec, checked against their CRC; none of a network."""
        if not isinstance(self.spec, CodedSpec):
            return ()
        if zlib.crc32(self.payload) != self.symbols_crc:
            raise InvalidDataError("CRC of the packets does not match", section="7.8")
        return split_packets(self.payload)

    @property
    def macs(self) -> int:
        """Multiply-adds to evaluate this network once over its domain."""
        return self.spec.macs(self.domain)


def compress_unit(spec: Spec, domain: Domain, tile: int, symbols: Symbols, coder: int) -> Unit:
    """Pack and compress the integers of one network."""
    from inrv_format.tensors import pack

    if [(tensor.name, tensor.values.shape) for tensor in symbols] != list(spec.tensor_shapes(domain)):
        raise ValueError("the tensors are not those of the network")
    raw = pack(symbols)
    payload = compress(coder, symbols)
    headers = tuple(tensor.header for tensor in symbols)
    return Unit(spec, domain, tile, headers, coder, len(raw), zlib.crc32(raw), payload)


def coded_unit(spec: CodedSpec, domain: Domain, packets: tuple[bytes, ...]) -> Unit:
    """Packets of an ordinary codec in the place of a network."""
    payload = join_packets(packets)
    return Unit(spec, domain, 0, (), STORED, len(payload), zlib.crc32(payload), payload)


def build_unit(unit: Unit) -> bytes:
    """Wire form."""
    spec = unit.spec.pack()
    header = {
        "contents": unit.spec.MEDIA,
        "family": family_id(unit.spec),
        "tile": unit.tile,
        "spec_length": len(spec),
        "tensor_count": len(unit.headers),
        "coder": unit.coder,
        "reserved": 0,
        "raw_length": unit.raw_length,
        "stored_length": len(unit.payload),
        "symbols_crc": unit.symbols_crc,
    }
    records = [tensor.pack() for tensor in unit.headers]
    return b"".join([UNIT_HEADER.build(header), spec, *records, unit.payload])


def parse_unit(cursor: Cursor, domain_of: Callable[[int, int], Domain], limits: Limits) -> Unit:
    """The next unit, checked; `domain_of` media and tile is the grid that it covers."""
    fields = cursor.fields(UNIT_HEADER)
    if fields["reserved"]:
        raise cursor.fail("unit header has reserved bits set")
    spec = parse_family(fields["family"], bytes(cursor.take(fields["spec_length"])))
    if fields["contents"] != spec.MEDIA:
        raise cursor.fail("unit claims other media than its network gives")
    domain = domain_of(spec.MEDIA, fields["tile"])
    _check_coding(spec, fields, cursor)
    shapes = spec.tensor_shapes(domain)
    if count_weights(shapes) > limits.weights_per_unit:
        raise LimitError(f"network of {count_weights(shapes)} weights", limit="weights_per_unit", section="9")
    if fields["tensor_count"] != len(shapes):
        raise cursor.fail(f"{fields['tensor_count']} tensors, the network has {len(shapes)}")
    headers = tuple(TensorHeader.parse(cursor) for _ in shapes)
    if not isinstance(spec, CodedSpec):
        _check_payload_lengths(fields, headers, shapes, cursor, limits)
    payload = bytes(cursor.take(fields["stored_length"]))
    return Unit(
        spec, domain, fields["tile"], headers, fields["coder"], fields["raw_length"], fields["symbols_crc"], payload
    )


def _check_coding(spec: Spec, fields: dict[str, int], cursor: Cursor) -> None:
    """Packets are stored as they are, integers are not."""
    coded, stored = isinstance(spec, CodedSpec), fields["coder"] == STORED
    if not stored:
        check_coder(fields["coder"])
    if coded != stored or (coded and fields["raw_length"] != fields["stored_length"]):
        raise cursor.fail("only packets are stored as they are, and all of them are")


def _check_payload_lengths(
    fields: dict[str, int],
    headers: Sequence[TensorHeader],
    shapes: Shapes,
    cursor: Cursor,
    limits: Limits,
) -> None:
    raw, stored = fields["raw_length"], fields["stored_length"]
    inflated = raw > limits.payload_ratio_from_bytes and raw > stored * limits.payload_ratio
    if raw > limits.payload_bytes or inflated:
        limit = "payload_ratio" if inflated else "payload_bytes"
        raise LimitError(f"payload of {stored} bytes claims to hold {raw}", limit=limit, section="9")
    if raw != packed_length(headers, shapes):
        raise cursor.fail(f"unit claims {raw} packed bytes, its tensors take {packed_length(headers, shapes)}")
