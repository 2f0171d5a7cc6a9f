"""Files that lie with correct CRCs: refused by an InrvError, or read; never anything else."""

import io
import resource

import numpy as np
import pytest
from inrv_format import InrvError, Reader
from toys import load_reference, toy_file
from vectors.surgery import put_together, take_apart

reference = load_reference()


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
    pieces = take_apart(data)
    boxes = pieces.boxes
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
        mutated = pieces.with_boxes(number, number + 1, (boxes[number][0], bytes(content)))
        yield put_together(mutated, repair_index=False)


def test_an_unchanged_file_survives_rebuilding():
    data = toy_file(2)
    assert put_together(take_apart(data), repair_index=False) == data


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
