"""`unpacked`: every chunk of a file, with every check that there is."""

from __future__ import annotations

from collections.abc import Iterator

from inrv_format.chunk import Chunk
from inrv_format.errors import InvalidDataError
from inrv_format.reader import Reader


def unpacked(reader: Reader) -> Iterator[Chunk]:
    """The chunks, each after the integers of all its units have been found to have their stored digest.

    When the last one was given every CRC, range and index entry of the file is right. Raises InvalidDataError and its
    kin where they are not.
    """
    count = 0
    for chunk in reader.chunks():
        for unit in chunk.units:
            unit.symbols()
        count += 1
        yield chunk
    if reader.index is not None:
        if len(reader.index.entries) != count:
            raise InvalidDataError(
                f"the index lists {len(reader.index.entries)} chunks, there are {count}", section="8"
            )
        for number in range(count):
            reader.chunk(number)
