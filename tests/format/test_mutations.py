"""Files that lie with correct CRCs: refused by an InrvError, or read; never anything else."""

import io
import resource

import numpy as np
import pytest
from inrv_format import InrvError, Reader
from inrv_format.boxes import build_box, read_box
from inrv_format.limits import DEFAULT_LIMITS
from inrv_format.writer import build_footer
from toys import load_reference, toy_file

HEADER_BYTES = 28
reference = load_reference()


def boxes_of(data: bytes) -> list[tuple[bytes, bytes]]:
    source = io.BytesIO(data)
    source.seek(HEADER_BYTES)
    boxes = []
    while not boxes or boxes[-1][0] != b"ENDF":
        box = read_box(source, 0, DEFAULT_LIMITS)
        boxes.append((box.type, box.content))
    return boxes


def rebuilt(header: bytes, boxes: list[tuple[bytes, bytes]]) -> bytes:
    """A file of these boxes with all CRCs and the footer right."""
    data, index = header, (0, 0)
    for sequence, (box_type, content) in enumerate(boxes):
        box = build_box(box_type, sequence, content)
        if box_type == b"INDX":
            index = (len(data), len(box))
        data += box
    return data + build_footer(*index, len(data) + 32)


def read_all(data: bytes, seekable: bool) -> int:
    """How many weights a reader gets out."""
    source = io.BytesIO(data)
    if not seekable:
        source.seekable = lambda: False
        source.tell = lambda: (_ for _ in ()).throw(OSError())
    reader = Reader(source)
    chunks = list(reader.chunks())
    if reader.index is not None:
        chunks += [reader.chunk(number) for number in range(len(reader.index.entries))]
    return sum(tensor.values.size for chunk in chunks for unit in chunk.units for tensor in unit.symbols())


def mutants(data: bytes, count: int):
    """Each with one field of one box overwritten: zeros, ones, extremes, or noise, one to eight bytes long."""
    generator = np.random.default_rng(0)
    boxes = boxes_of(data)
    for _ in range(count):
        number = int(generator.integers(len(boxes) - 1))
        content = bytearray(boxes[number][1])
        if not content:
            continue
        length = int(generator.choice([1, 2, 4, 8]))
        place = int(generator.integers(max(1, min(len(content), 400) - length + 1)))
        values = [
            bytes(length),
            b"\xff" * length,
            b"\x7f" * length,
            b"\x80" + bytes(length - 1),
            generator.bytes(length),
        ]
        content[place : place + length] = values[int(generator.integers(5))]
        mutated = [*boxes[:number], (boxes[number][0], bytes(content)), *boxes[number + 1 :]]
        yield rebuilt(data[:HEADER_BYTES], mutated)


def test_an_unchanged_file_survives_rebuilding():
    data = toy_file(2)
    assert rebuilt(data[:HEADER_BYTES], boxes_of(data)) == data


@pytest.mark.parametrize("coder", [1, 3])
@pytest.mark.parametrize("seekable", [True, False])
def test_mutants_with_right_crcs_are_read_or_refused(seekable, coder):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for mutant in mutants(toy_file(2, coder=coder), 1500):
        try:
            read_all(mutant, seekable)
        except InrvError:
            refused += 1
    assert 300 < refused < 1500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 << 10


@pytest.mark.parametrize("coder", [1, 3])
def test_the_reference_decoder_agrees_on_mutants(coder):
    """What one of the two refuses, the other refuses too."""
    disagreements = []
    for mutant in mutants(toy_file(2, coder=coder), 500):
        try:
            read_all(mutant, True)
            ours = True
        except InrvError:
            ours = False
        try:
            for chunk in reference.read_file(mutant).chunks:
                for unit in chunk.units:
                    reference.unit_symbols(unit)
            theirs = True
        except reference.DecodeError:
            theirs = False
        if ours != theirs:
            disagreements.append((ours, theirs))
    assert not disagreements
