"""Two decoders, written apart: integers equal, pixels within 1 of 255, sound within 2^-15."""

import io
import struct
import zlib
from fractions import Fraction

import numpy as np
import pytest
from inrv_format import Reader
from inrv_format.chunk import AudioSpan, Chunk, TileGrid, VideoSpan, unit_domain
from inrv_format.errors import InrvError, InvalidDataError
from inrv_format.families import AudioSirenSpec, AvSirenSpec, CodedSpec, Domain, LappedSpec, SirenSpec
from inrv_format.families.siren import AFFINE, GABOR, GAUSSIAN, GRID, POWER, RELU
from inrv_format.quantization import ASYMMETRIC, SYMMETRIC, TensorHeader
from inrv_format.streams import AudioStream, VideoStream
from inrv_format.tensors import Symbols, TensorSymbols
from inrv_format.unit import coded_unit, compress_unit
from inrv_format.writer import Writer
from toys import SPEC, load_reference, toy_file, toy_symbols

from invr.decode_chunk import build_fields, decode_picture
from invr.fields.base import sample_times
from invr.fields.render import render_sound

reference = load_reference()

POWERS = {"lengths": (5, 4, 3), "scales": (1.6, 1.5, 1.3)}
PICTURES = {
    "waves": SirenSpec(first=9, width=7, depth=2),
    "motion": SirenSpec(first=9, width=7, depth=3, motion=AFFINE),
    "gabor": SirenSpec(first=9, width=7, depth=2, embedding=GABOR, motion=AFFINE),
    "grid": SirenSpec(first=9, width=7, depth=2, embedding=GABOR, motion=GRID, lengths=(4, 3, 2)),
    "power": SirenSpec(8, 7, 1, embedding=POWER, **POWERS),
    "gaussian": SirenSpec(8, 7, 1, embedding=GAUSSIAN, lengths=(5, 4, 1), scales=(0.3, 0.4, 0.9)),
    "relu": SirenSpec(8, 7, 2, embedding=POWER, activation=RELU, **POWERS),
}
SOUNDS = {
    "waves": AudioSirenSpec(6, 5, 1),
    "octaves": AudioSirenSpec(6, 5, 2, octaves=11),
    "heads": AudioSirenSpec(6, 5, 1, head_width=4, heads=2, octaves=4),
    "one head": AudioSirenSpec(6, 5, 0, heads=1),
}
# Of 120 samples: hops that divide them and hops that do not, all of them and more.
LAPPED = {
    "mono": (1, LappedSpec(hop=16, waves=16, span=1)),
    "mono, few waves": (1, LappedSpec(hop=50, waves=31, span=3, exponent=1.6667)),
    "stereo": (2, LappedSpec(hop=18, waves=17, span=3, joint=True, exponent=1.6667)),
    "stereo, not joint": (2, LappedSpec(hop=17, waves=17, span=3, exponent=1.6667)),
    "stereo, powers of 1": (2, LappedSpec(hop=31, waves=16, span=1, joint=True)),
    "three channels": (3, LappedSpec(hop=24, waves=21, span=255, exponent=0.5)),
    "one frame": (2, LappedSpec(hop=120, waves=77, span=1, joint=True, exponent=1.6667)),
    "less than a frame": (1, LappedSpec(hop=333, waves=150, span=3, exponent=2.5)),
}

WHOLE = TileGrid()


def lapped_symbols(spec: LappedSpec, domain: Domain, bits: int, symmetric: bool, seed: int) -> Symbols:
    """Random integers for a sound within [-1, 1] or so; most amplitudes are 0, which is noise."""
    generator, zero_point = np.random.default_rng(seed), 0 if symmetric else 1 << (bits - 1)
    steps = {"gain": (-5, 2, 0.25), "amplitude": (0, 2, 0.25), "floor": (0, 1, 0.0625)}
    symbols = []
    for name, shape in spec.tensor_shapes(domain):
        mean, spread, scale = steps[name]
        header = TensorHeader(bits, SYMMETRIC if symmetric else ASYMMETRIC, zero_point, scale)
        q = zero_point + np.clip(np.rint(generator.laplace(mean, spread, shape)), -7, 7)
        symbols.append(TensorSymbols(name, header, q.astype(np.int32)))
    return tuple(symbols)


def build(pictures, sounds, *, tiles=WHOLE, bit_depth=8, chroma="420", bits=16, coder=1, chunks=1, channels=2):
    """A file of `chunks` chunks, 3 frames of 13x11 and 120 samples each."""
    streams = {}
    if pictures:
        streams[0] = VideoStream(13, 11, Fraction(1, 25), chroma=chroma, bit_depth=bit_depth)
    if sounds:
        streams[1] = AudioStream(8000, channels, {1: "mono", 2: "stereo"}.get(channels, ""))
    target = io.BytesIO()
    writer = Writer(target, streams, {})
    for index in range(chunks):
        video = VideoSpan(0, 3 * index, (3 * index, 3 * index + 1, 3 * index + 2), 1, tiles) if pictures else None
        overlap = 20 if index else 0
        audio = AudioSpan(1, 100 * index + overlap, 120, 100 * index, overlap) if sounds else None
        units = []
        for spec in [*pictures, *(spec for spec in sounds if spec not in pictures)]:
            tile = len([unit for unit in units if unit.spec.MEDIA & 1])
            domain = unit_domain(spec.MEDIA, tile if spec.MEDIA & 1 else 0, streams, video, audio)
            if isinstance(spec, CodedSpec):
                units.append(coded_unit(spec, domain, (b"one", b"2", b"three")))
                continue
            symbols_of = lapped_symbols if isinstance(spec, LappedSpec) else toy_symbols
            symbols = symbols_of(spec, domain, bits, bits > 2, seed=index + len(units))
            units.append(compress_unit(spec, domain, tile if spec.MEDIA & 1 else 0, symbols, coder))
        writer.write(Chunk(index, video, audio, tuple(units)))
    writer.close()
    return target.getvalue()


def compare(data: bytes) -> None:
    reader = Reader(io.BytesIO(data))
    file = reference.read_file(data)
    assert len(file.chunks) == len(reader.index.entries)
    for number, theirs in enumerate(file.chunks):
        ours = reader.chunk(number)
        for unit, other in zip(ours.units, theirs.units, strict=True):
            for tensor, (name, q) in zip(unit.symbols(), reference.unit_symbols(other), strict=True):
                assert tensor.name == name
                assert np.array_equal(tensor.values, q)
        fields = build_fields(ours, "cpu")
        if ours.video:
            positions = np.arange(len(ours.video.pts), dtype=float)
            size = (reader.video.width, reader.video.height)
            frames = np.stack(list(decode_picture(ours, fields, reader.video, positions, size)))
            decoded = reference.chunk_frames(file, theirs)
            assert decoded.dtype == frames.dtype
            largest = max(1, ((1 << reader.video.bit_depth) - 1) // 255)
            assert np.abs(frames.astype(int) - decoded.astype(int)).max() <= largest
            assert len(np.unique(frames)) > 10
        if ours.audio:
            field = next(field for field in fields if field.spec.MEDIA & 2)
            heads = render_sound(field, sample_times(ours.audio.sample_count))
            assert np.abs(heads - reference.chunk_sound(file, theirs)).max() <= 2**-15
            assert len(np.unique(heads)) > 10


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("bits", [2, 8, 16])
def test_picture_networks(name, bits):
    compare(build([PICTURES[name]], [], bits=bits))


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_networks(name):
    compare(build([], [SOUNDS[name]]))


@pytest.mark.parametrize("name", LAPPED)
@pytest.mark.parametrize(("bits", "coder"), [(4, 3), (8, 3), (16, 1), (24, 3)])
def test_lapped_networks(name, bits, coder):
    channels, spec = LAPPED[name]
    compare(build([], [spec], bits=bits, coder=coder, chunks=2, channels=channels))


def test_a_lapped_network_beside_a_picture():
    compare(build([PICTURES["motion"]], [LAPPED["stereo"][1]], coder=3, chunks=2))


def test_packets_beside_a_picture_are_checked_and_left_to_a_codec():
    data = build([PICTURES["motion"]], [CodedSpec("alac", 44_100, 3, b"header", ((1, 5), (6, -9)))])
    file = reference.read_file(data)
    (chunk,) = file.chunks
    assert reference.unit_symbols(chunk.units[1]) == []
    assert len(reference.chunk_frames(file, chunk)) == 3
    with pytest.raises(reference.Unsupported, match="codec"):
        reference.chunk_sound(file, chunk)
    content = Reader(io.BytesIO(data)).index.entries[0]
    for place in range(content.offset + content.length - 110, content.offset + content.length - 4):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        end = content.offset + content.length
        damaged[end - 4 : end] = zlib.crc32(damaged[content.offset + 26 : end - 4]).to_bytes(4, "little")
        assert _refused_by_ours(bytes(damaged)) == _refused_by_theirs(bytes(damaged)), place


def _refused_by_ours(data: bytes) -> bool:
    try:
        for unit in Reader(io.BytesIO(data)).chunk(0).units:
            unit.symbols()
    except InrvError:
        return True
    return False


def _refused_by_theirs(data: bytes) -> bool:
    try:
        for unit in reference.read_file(data).chunks[0].units:
            reference.unit_symbols(unit)
    except reference.DecodeError:
        return True
    return False


GOOD = {"hop": 16, "waves": 16, "span": 1, "joint": 0, "exponent": 1.0}


@pytest.mark.parametrize(
    "wrong",
    [{"hop": 15}, {"hop": 2049}, {"waves": 15}, {"waves": 17}, {"span": 0}, {"joint": 2}]
    + [{"exponent": exponent} for exponent in (0.2499, 4.001, -1.0, float("nan"), float("inf"))],
)
def test_both_refuse_a_lapped_spec_out_of_range(wrong):
    reference.read_spec(io.BytesIO(struct.pack("<HHBBf", *GOOD.values())), 4)
    assert LappedSpec.parse(struct.pack("<HHBBf", *GOOD.values())) == LappedSpec(16, 16, 1)
    data = struct.pack("<HHBBf", *(GOOD | wrong).values())
    with pytest.raises(InvalidDataError):
        LappedSpec.parse(data)
    with pytest.raises(reference.Damaged):
        reference.read_spec(io.BytesIO(data), 4)


def test_the_unified_network():
    spec = AvSirenSpec(branch=6, width=7, depth=2)
    compare(build([spec], [spec]))


@pytest.mark.parametrize("tiles", [TileGrid(2, 1, 4), TileGrid(3, 2, 3), TileGrid(2, 2, 0)])
def test_tiles(tiles):
    compare(build([PICTURES["motion"]] * (tiles.columns * tiles.rows), [], tiles=tiles))


@pytest.mark.parametrize(("bit_depth", "chroma"), [(10, "420"), (16, "rgb"), (8, "gray")])
def test_depths_and_grey(bit_depth, chroma):
    compare(build([PICTURES["waves"]], [], bit_depth=bit_depth, chroma=chroma))


@pytest.mark.parametrize("coder", [1, 2, 3])
def test_several_chunks_with_both_media(coder):
    compare(build([PICTURES["power"]], [SOUNDS["heads"]], chunks=3, coder=coder))


def _read_all(data: bytes) -> None:
    for chunk in reference.read_file(data).chunks:
        for unit in chunk.units:
            reference.unit_symbols(unit)


def test_both_refuse_every_cut_and_every_flipped_byte():
    data = toy_file(1)
    for length in range(0, len(data), 7):
        with pytest.raises(reference.DecodeError):
            reference.read_file(data[:length])
    for place in range(0, len(data), 3):
        damaged = bytearray(data)
        damaged[place] ^= 0x11
        with pytest.raises(reference.DecodeError):
            _read_all(bytes(damaged))


@pytest.mark.parametrize(
    ("name", "lines"), [("reference_decoder.py", 510), ("reference_entropy.py", 220), ("reference_networks.py", 140)]
)
def test_it_is_short_and_needs_numpy_only(name, lines):
    text = (SPEC / name).read_text()
    assert len(text.splitlines()) < lines
    assert "torch" not in text
    assert "import invr" not in text
    assert "inrv_format" not in text
