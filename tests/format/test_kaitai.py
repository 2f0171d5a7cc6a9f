"""A parser that the Kaitai compiler makes of `spec/inrv.ksy` sees what the library sees in the conformance files."""

import importlib.util
import io
import os
import shutil
import struct
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from inrv_format import Reader
from inrv_format.chunk import Chunk
from toys import SPEC

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "invr" / "kaitai"
FILES = sorted([*SPEC.glob("vectors/valid/*"), *SPEC.glob("vectors/unusual/*")])
COMPILE = """
const [folder, source, target] = process.argv.slice(1);
const compiler = require(folder + "/node_modules/kaitai-struct-compiler");
const yaml = require(folder + "/node_modules/js-yaml");
const fs = require("fs");
compiler.compile("python", yaml.load(fs.readFileSync(source, "utf8")), null, false).then(
  (files) => Object.entries(files).forEach(([name, text]) => fs.writeFileSync(target + "/" + name, text)),
  (error) => { console.error(String(error)); process.exit(1); },
);
"""


@pytest.fixture(scope="module")
def parser(tmp_path_factory) -> ModuleType:
    """The generated module."""
    pytest.importorskip("kaitaistruct", reason="kaitaistruct is not installed")
    if not shutil.which("node") or not (CACHE / "node_modules").is_dir():
        pytest.skip("no Kaitai compiler (tools/check-ksy fetches it, where there are node and npm)")
    folder = tmp_path_factory.mktemp("kaitai")
    command = ["node", "-e", COMPILE, str(CACHE), str(SPEC / "inrv.ksy"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    spec = importlib.util.spec_from_file_location("inrv_of_kaitai", folder / "inrv.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def units_as_seen(chunk) -> list[tuple]:
    """Of a chunk of Kaitai's: what its units say."""
    return [
        (
            unit.tile,
            unit.coder.value,
            unit.raw_length,
            unit.symbols_crc,
            unit.payload,
            [(t.bits, t.mode, t.zero_point if t.mode else 0, scale_of(t.scale_high)) for t in unit.tensors],
        )
        for unit in chunk.units
    ]


def units_as_read(chunk: Chunk) -> list[tuple]:
    """The same from the library."""
    return [
        (
            unit.tile,
            unit.coder,
            unit.raw_length,
            unit.symbols_crc,
            unit.payload,
            [(header.bits, header.mode, header.zero_point, header.scale) for header in unit.headers],
        )
        for unit in chunk.units
    ]


def scale_of(upper: int) -> float:
    return struct.unpack("<f", struct.pack("<I", upper << 16))[0]


def spans_as_seen(chunk) -> tuple:
    picture, sound = getattr(chunk, "picture", None), getattr(chunk, "sound", None)
    frames = (picture.first_frame, picture.frame_count, picture.first_pts) if picture else None
    return frames, (sound.first_sample, sound.sample_count, sound.pts) if sound else None


def spans_as_read(chunk: Chunk) -> tuple:
    video, audio = chunk.video, chunk.audio
    frames = (video.first_frame, len(video.pts), video.pts[0]) if video else None
    return frames, (audio.first_sample, audio.sample_count, audio.pts) if audio else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_it_sees_is_what_the_library_reads(parser, path):
    data = path.read_bytes()
    seen, reader = parser.Inrv.from_bytes(data), Reader(io.BytesIO(data))
    chunks = [box.content for box in seen.boxes if box.type == "CHNK"]
    read = list(reader.chunks())
    assert [units_as_seen(chunk) for chunk in chunks] == [units_as_read(chunk) for chunk in read]
    assert [spans_as_seen(chunk) for chunk in chunks] == [spans_as_read(chunk) for chunk in read]
    (index,) = [box.content for box in seen.boxes if box.type == "INDX"]
    assert [(e.offset, e.length) for e in index.entries] == [(e.offset, e.length) for e in reader.index.entries]
    assert seen.footer.file_length == len(data) == seen._io.pos()


@pytest.mark.parametrize("field", ["lengths", "scales", "omega", "depth", "first", "width"])
def test_specs_have_their_fields(parser, field):
    data = (SPEC / "vectors/valid/power.inrv").read_bytes()
    (chunk,) = [box.content for box in parser.Inrv.from_bytes(data).boxes if box.type == "CHNK"]
    spec = next(Reader(io.BytesIO(data)).chunks()).units[0].spec
    value = getattr(chunk.units[0].spec, field)
    assert (tuple(value) if isinstance(value, list) else value) == getattr(spec, field)


@pytest.mark.parametrize(("table", "enum"), [("families", "Family"), ("coders", "Coder")])
def test_its_ids_are_those_of_the_list(parser, table, enum):
    ids = tomllib.loads((SPEC / "ids.toml").read_text())[table]
    assert {str(member.value): member.name.replace("_", "-") for member in getattr(parser.Inrv, enum)} == ids


def test_another_magic_is_refused(parser):
    from kaitaistruct import KaitaiStructError

    with pytest.raises(KaitaiStructError):
        parser.Inrv.from_bytes((SPEC / "vectors/faulty/magic.inrv").read_bytes())
