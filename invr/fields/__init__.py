"""The networks: one module for each family of `inrv_format.families`."""

from __future__ import annotations

from inrv_format.families import AudioSirenSpec, AvSirenSpec, Domain, LappedSpec, SirenSpec, Spec

from invr.fields.audio_siren import AudioSiren
from invr.fields.av_siren import AvSiren
from invr.fields.base import Field, Rows
from invr.fields.lapped import Lapped
from invr.fields.siren import Siren

FIELDS: dict[type[Spec], type[Field]] = {
    SirenSpec: Siren,
    AvSirenSpec: AvSiren,
    AudioSirenSpec: AudioSiren,
    LappedSpec: Lapped,
}

__all__ = ["FIELDS", "Field", "Rows", "build_field"]


def build_field(spec: Spec, domain: Domain) -> Field:
    """The module of a Spec, with all its tensors zero."""
    return FIELDS[type(spec)](spec, domain)
