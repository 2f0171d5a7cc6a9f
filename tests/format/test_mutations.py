"""Files that lie with correct CRCs: refused by an InrvError, or read; never anything else."""

import io
import resource

import pytest
from inrv_format import InrvError, Reader
from mutants import mutants
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
