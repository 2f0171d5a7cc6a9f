"""`spec/ids.toml` and the code agree, and ids are never changed."""

import tomllib
from pathlib import Path

from inrv_format.boxes import KNOWN_BOXES
from inrv_format.chunk import CONSTANT_STEP, EXPLICIT_PTS
from inrv_format.entropy import NAMES
from inrv_format.families import FAMILIES, siren
from inrv_format.families.coded import CODECS
from inrv_format.quantization import ASYMMETRIC, SYMMETRIC
from inrv_format.streams import AUDIO, CHROMAS, VIDEO
from inrv_format.unit import STORED

IDS = tomllib.loads((Path(__file__).resolve().parents[2] / "spec" / "ids.toml").read_text())


def _table(name: str) -> dict[int, str]:
    return {int(number): text for number, text in IDS[name].items()}


def test_ids_match_the_code():
    assert _table("families") == {number: family.NAME for number, family in FAMILIES.items()}
    assert _table("coders") == {STORED: "stored"} | NAMES
    assert _table("sound_codecs") == CODECS
    assert _table("chromas") == CHROMAS
    assert _table("stream_kinds") == {VIDEO: "video", AUDIO: "audio"}
    assert _table("quantization_modes") == {SYMMETRIC: "symmetric", ASYMMETRIC: "asymmetric"}
    assert _table("siren_embeddings") == {
        siren.WAVES: "waves",
        siren.POWER: "power",
        siren.GAUSSIAN: "gaussian",
        siren.GABOR: "gabor",
    }
    assert _table("siren_activations") == {siren.SINE: "sine", siren.RELU: "relu"}
    assert _table("siren_motions") == {siren.STILL: "still", siren.AFFINE: "affine", siren.GRID: "grid"}
    assert _table("pts_modes") == {CONSTANT_STEP: "constant", EXPLICIT_PTS: "explicit"}
    assert {name.encode() for name in IDS["boxes"]} == KNOWN_BOXES
