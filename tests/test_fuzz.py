"""The fuzzers start, find nothing in a quarter of a minute each, and would find a bug."""

import io
import os
import random
import subprocess
import sys

import pytest
from fuzz.mutate import Mutator
from fuzz.targets import SMALL, TARGETS, Pipe
from inrv_format import InrvError, Reader
from inrv_format.boxes import Box
from inrv_format.scan import Scanner
from toys import SPEC, toy_file

ROOT = SPEC.parent
MOST_BYTES = 4000

# Tags without the name that the seeds have are a bug, behind a CRC that must be right.
PLANTED = """
import io, atheris
from fuzz import start
with atheris.instrument_imports(include=["inrv_format", "invr"]):
    from fuzz import targets
    from inrv_format import InrvError, Reader

def planted(data):
    try:
        tags = Reader(io.BytesIO(data)).tags
    except InrvError:
        return
    if tags and tags.get("encoder") not in ("toy", "vectors"):
        raise KeyError("planted")

targets.TARGETS["container"] = planted
start.main()
"""


def mutant_of(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)

    def noisy(piece: bytes, most_bytes: int) -> bytes:
        changed = bytearray(piece or b"?")
        changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
        return bytes(changed[:most_bytes])

    return Mutator(noisy)(data, MOST_BYTES, seed)


def test_most_mutants_are_not_what_they_were_and_have_right_crcs():
    data, wrong = toy_file(2), 0
    mutants = [mutant_of(data, seed) for seed in range(150)]
    for mutant in mutants:
        try:
            list(Reader(Pipe(mutant)).chunks())
        except InrvError as error:
            wrong += "CRC" in str(error)
    assert wrong < 40
    assert len(set(mutants)) > 120
    assert mutants[:9] == [mutant_of(data, seed) for seed in range(9)]


def test_damage_does_not_pile_up():
    """What was changed without a structure is given one again: most mutants of mutants have boxes that are whole."""
    whole = 0
    for first in range(0, 1000, 100):
        data = toy_file(2)
        for seed in range(first, first + 20):
            data = mutant_of(data, seed)
            whole += any(isinstance(found, Box) and found.type == b"CHNK" for found in Scanner(io.BytesIO(data)))
    assert whole > 150


@pytest.mark.parametrize("name", TARGETS)
def test_targets_take_any_bytes(name):
    for data in (b"", b"\x89INR", b"a text", toy_file(1), toy_file(1)[:-5]):
        TARGETS[name](data)


def test_small_limits_let_every_valid_vector_in():
    refused = []
    for path in sorted(SPEC.glob("vectors/valid/*.inrv")):
        try:
            list(Reader(io.BytesIO(path.read_bytes()), limits=SMALL).chunks())
        except InrvError:
            refused.append(path.stem)
    assert refused == []


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("tools", "format", "."))
    }
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("name", TARGETS)
def test_a_quarter_of_a_minute_finds_nothing(tmp_path, name):
    pytest.importorskip("atheris", reason="Atheris has no wheel for this system")
    done = python(ROOT / "tools/fuzz/run", name, "--seconds", 15, "--corpus", "valid", "-o", tmp_path)
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.split()[1]) > 100  # more than there are seeds


def test_a_planted_bug_is_found(tmp_path):
    pytest.importorskip("atheris", reason="Atheris has no wheel for this system")
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "toy.inrv").write_bytes(toy_file(1))
    done = python("-c", PLANTED, "container", "-runs=20000", "-seed=1", f"-artifact_prefix={tmp_path}/", seeds)
    assert "KeyError: 'planted'" in done.stdout + done.stderr
    assert done.returncode != 0
    assert list(tmp_path.glob("crash-*"))
