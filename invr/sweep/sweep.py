"""`sweep`: one source in, a folder of files, tables and plots out."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from inrv_format.errors import InputError
from inrv_format.streams import VideoStream

from invr.bench.execute import machine
from invr.media import MediaReader, ReadConfig
from invr.output import TargetFile
from invr.sweep.bits import BitSweep, sweep_bits
from invr.sweep.config import SizeGrid, SweepConfig
from invr.sweep.folder import CONTACT, check_folder, clear_folder
from invr.sweep.progress import Report
from invr.sweep.results import Contact, Sweep, to_json
from invr.sweep.sizes import groups_of, sweep_sizes
from invr.sweep.table import bit_columns, comma_separated, size_columns


@dataclass(frozen=True, slots=True)
class _Source:
    """What is read of the source: its path, its media by name, its pictures, and the sizes to be fitted to it."""

    path: str
    read: ReadConfig
    media: tuple[str, ...]
    video: VideoStream | None
    sizes: SizeGrid | None


def sweep(
    source: str,
    folder: str | os.PathLike[str],
    config: SweepConfig,
    read: ReadConfig,
    report: Report,
    *,
    command: str = "",
    settings: dict[str, str | int] | None = None,
    overwrite: bool = False,
) -> Sweep:
    """Do all that `config` asks for and write it to `folder`; `settings` are kept with the results as they are.

    Raises InputError for the source and OutputError for the folder before anything is fitted.
    """
    place = Path(folder)
    check_folder(source, place, overwrite=overwrite)
    checked = _checked(source, config, read)
    clear_folder(place)
    result = Sweep(
        command=command,
        source=os.path.basename(source),
        machine=machine(),
        settings=settings or {},
        keep_phases=config.encode.quant.keep_phases,
        symmetric=config.encode.quant.symmetric,
    )
    if config.bits:
        result = _with_bits(result, checked, place, config, report)
    if checked.sizes is not None:
        first = 1 if config.bits else 0
        points = sweep_sizes(source, place, checked.sizes, config.encode, read, checked.media, report, first=first)
        result = replace(result, sizes=tuple(points))
    return _written(result, place)


def _checked(source: str, config: SweepConfig, read: ReadConfig) -> _Source:
    """The source; InputError where it does not have what is asked for."""
    with MediaReader(source, read) as reader:
        video, audio, length_s = reader.video, reader.audio, reader.duration_s
    if config.frame is not None and video is None:
        raise InputError(f"--frame {config.frame}: {source} has no pictures")
    media = tuple(name for name, stream in (("video", video), ("audio", audio)) if stream is not None)
    return _Source(source, read, media, video, config.sizes.for_source(length_s) if config.sizes else None)


def _with_bits(result: Sweep, source: _Source, folder: Path, config: SweepConfig, report: Report) -> Sweep:
    groups = groups_of(source.media, config.encode.model)
    fits = 1 + (len(source.sizes) * len(groups) if source.sizes else 0)
    found = sweep_bits(source.path, folder, config.bits, config.encode, source.read, source.video, report, count=fits)
    result = replace(result, bits=found.points, histograms=found.histograms, warnings=found.warnings)
    if source.video is None:
        return result
    contact, warnings = _contact(source, folder, config.frame, found)
    return replace(result, contact=contact, warnings=(*found.warnings, *warnings))


def _contact(source: _Source, folder: Path, wanted: int | None, found: BitSweep) -> tuple[Contact, list[str]]:
    """The contact sheet, and warnings about it."""
    from invr.sweep.sheet import write_contact

    frame = found.frames // 2 if wanted is None else min(wanted, found.frames - 1)
    contact = write_contact(source.path, folder, source.read, found.points, frame, CONTACT)
    warnings = []
    if wanted is not None and frame != wanted:
        warnings.append(f"--frame {wanted}: there are {found.frames} frames, {CONTACT} shows the last one")
    if not contact.labelled:
        warnings.append(f"{CONTACT} has no labels: they need Pillow: pip install 'invr[bench]'")
    return contact, warnings


def _written(result: Sweep, folder: Path) -> Sweep:
    """Write the tables and the page, and last of all sweep.json; returns what that says."""
    texts = {}
    if result.bits:
        texts["bits.csv"] = comma_separated(bit_columns(result.bits), result.bits)
    if result.sizes:
        texts["sizes.csv"] = comma_separated(size_columns(result.sizes), result.sizes)
    if find_spec("bokeh") is None:
        warning = "sweep.html is not written: its plots need bokeh: pip install 'invr[bench]'"
        result = replace(result, warnings=(*result.warnings, warning))
    else:
        from invr.sweep.page import build_page

        texts["sweep.html"] = build_page(result, folder)
    texts["sweep.json"] = to_json(result)
    for name, text in texts.items():
        with TargetFile(folder / name) as file:
            file.write(text.encode())
    return result
