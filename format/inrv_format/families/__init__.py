"""Network families by wire id (`spec/ids.toml`): the closed list of what a file can ask a decoder to evaluate."""

from __future__ import annotations

from inrv_format.errors import UnsupportedError
from inrv_format.families.audio_siren import AudioSirenSpec
from inrv_format.families.av_siren import AvSirenSpec
from inrv_format.families.base import Domain, Spec
from inrv_format.families.coded import CodedSpec
from inrv_format.families.lapped import LappedSpec
from inrv_format.families.siren import SirenSpec

FAMILIES: dict[int, type[Spec]] = {1: SirenSpec, 2: AvSirenSpec, 3: AudioSirenSpec, 4: LappedSpec, 5: CodedSpec}

__all__ = [
    "FAMILIES",
    "AudioSirenSpec",
    "AvSirenSpec",
    "CodedSpec",
    "Domain",
    "LappedSpec",
    "SirenSpec",
    "Spec",
    "family_id",
    "parse_family",
]


def parse_family(wire_id: int, data: bytes) -> Spec:
    """The Spec in `data`; UnsupportedError for a family that this version does not know."""
    if wire_id not in FAMILIES:
        raise UnsupportedError(f"network family {wire_id} is not known to this version (known: {sorted(FAMILIES)})")
    return FAMILIES[wire_id].parse(data)


def family_id(spec: Spec) -> int:
    """The wire id of a Spec's family."""
    return next(wire_id for wire_id, family in FAMILIES.items() if isinstance(spec, family))
