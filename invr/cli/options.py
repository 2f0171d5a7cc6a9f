"""Reading what the user typed: times, sizes, targets; and the refusals that both directions share."""

from __future__ import annotations

import errno
import glob
import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import typer
from inrv_format.errors import InputError, OutputError
from inrv_format.limits import DEFAULT_LIMITS, Limits

from invr.crop import Crop
from invr.source import opened

PIPE = "-"


def parse_time(text: str | None, option: str) -> float | None:
    """Seconds from `90`, `90.5`, `1:30`, `1:02:03.5`, `1500ms` or `90s`, as FFmpeg writes them."""
    if text is None:
        return None
    match = re.fullmatch(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)(ms|us|s)?", text.strip())
    if not match:
        raise typer.BadParameter(f"{option} {text}: a time is 90, 1:30, 1:02:03.5 or 1500ms")
    hours, minutes, seconds, unit = match.groups()
    factor = {"ms": 1e-3, "us": 1e-6}.get(unit or "s", 1.0)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds) * factor


def parse_span(start: str | None, duration: str | None, end: str | None) -> tuple[float, float | None]:
    """Start and duration in seconds from -ss, -t and -to."""
    start_s = parse_time(start, "-ss") or 0.0
    duration_s, end_s = parse_time(duration, "-t"), parse_time(end, "-to")
    if duration_s is None and end_s is not None:
        duration_s = end_s - start_s
    if duration_s is not None and duration_s <= 0:
        raise typer.BadParameter("the span given by -ss, -t and -to is empty")
    return start_s, duration_s


def parse_size(text: str | None, option: str) -> tuple[int, int] | None:
    """(width, height) from `640x360`."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,5})[x*](\d{1,5})", text)
    if not match or "0" in match.groups():
        raise typer.BadParameter(f"{option} {text}: a size is WIDTHxHEIGHT, 640x360 for example")
    return int(match[1]), int(match[2])


def parse_crop(text: str | None) -> Crop | None:
    """A part of the picture from `16:0:128:96`: x, y, width, height."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,6}):(\d{1,6}):(\d{1,6}):(\d{1,6})", text)
    if not match or not int(match[3]) or not int(match[4]):
        raise typer.BadParameter(f"--crop {text}: a crop is X:Y:WIDTH:HEIGHT in pixels, 16:0:128:96 for example")
    return Crop(*map(int, match.groups()))


def parse_amount(text: str | None, option: str) -> float | None:
    """A number from `40000`, `40k`, `1.5M` or `2G`, thousands as FFmpeg writes them; `40Ki` counts 1024."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)([kKMG]?)(i?)", text.strip())
    if not match or (match[3] and not match[2]) or not float(match[1]):
        raise typer.BadParameter(f"{option} {text}: an amount is 40000, 40k or 1.5M, more than 0")
    thousand = 1024.0 if match[3] else 1000.0
    return float(match[1]) * math.pow(thousand, ("", "k", "M", "G").index(match[2].replace("K", "k")))


def limits_of(text: str | None) -> Limits:
    """The reader's limits with those of `width=32768,macs_per_file=2^60` in the place of the default ones."""
    limits = DEFAULT_LIMITS
    names = [field.name for field in fields(Limits)]
    for part in text.split(",") if text else []:
        name, _, amount = part.partition("=")
        if name not in names:
            raise typer.BadParameter(f"--limits {part}: limits are {', '.join(names)}")
        power = re.fullmatch(r"2\^(\d{1,3})", amount)
        value = 2 ** int(power[1]) if power else parse_amount(amount, f"--limits {name}=")
        limits = replace(limits, **{name: int(value or 0)})
    return limits


def parse_rate(text: str | None) -> Fraction | None:
    """Frames per second from `25`, `29.97` or `30000/1001`."""
    if text is None:
        return None
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise typer.BadParameter(f"--fps {text}: a rate is 25, 29.97 or 30000/1001") from error
    if not 0 < rate <= 10_000:
        raise typer.BadParameter(f"--fps {text}: allowed is more than 0, up to 10000")
    return rate


def parse_chunks(text: str | None) -> tuple[int, int | None] | None:
    """First chunk and the one after the last from `10:20`; `10:` goes to the end, `:20` starts at 0."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{0,9}):(\d{0,9})", text)
    first, end = (int(part) if part else None for part in match.groups()) if match else (0, 0)
    if end is not None and end <= (first or 0):
        raise typer.BadParameter(f"--chunks {text}: chunks are FIRST:END, 10:20 for the ten from 10 on")
    return first or 0, end


def output_name(positional: str | None, option: str | None) -> str:
    """The output from its two spellings, `invr encode in out` and `invr encode in -o out`."""
    if positional and option and positional != option:
        raise typer.BadParameter(f"two outputs: {positional} and {option}")
    name = positional or option
    if not name:
        raise typer.BadParameter("missing output: -o FILE, or -o - for standard output")
    return name


def check_overwrite(source: str, target: str, *, yes: bool, no: bool) -> None:
    """Refuse to write over an existing file without -y, and over the input in any case."""
    if yes and no:
        raise typer.BadParameter("-y and -n exclude each other")
    numbered = re.sub(r"%0?\d*d", "[0-9]*", glob.escape(target))
    if "[0-9]*" in numbered and not yes and glob.glob(numbered):
        raise OutputError(f"{target}: such files exist already (-y to overwrite)")
    if target == PIPE or not os.path.exists(target):
        return
    if source != PIPE and os.path.exists(source) and os.path.samefile(source, target):
        raise OutputError(f"{target}: input and output are the same file")
    if Path(target).is_file() and not yes:
        raise OutputError(f"{target}: exists already (-y to overwrite)")


def check_input(name: str) -> None:
    """Refuse a file that is not there, before anything heavy is loaded; URLs and numbered pictures are FFmpeg's."""
    if "://" in name or "%" in os.path.basename(name):
        return
    if not os.path.exists(name) or os.path.isdir(name):
        problem = errno.EISDIR if os.path.isdir(name) else errno.ENOENT
        raise InputError(f"{name}: {os.strerror(problem)}")


def input_of(name: str, *, force: bool) -> str | BinaryIO:
    """What is read: standard input for `-`, else the name of a file that is there."""
    if name == PIPE:
        return open_input_pipe(force=force)
    check_input(name)
    return name


def opened_input(name: str) -> BinaryIO:
    """An `.inrv` file: standard input for `-`, else the one of this name."""
    return open_input_pipe(force=False) if name == PIPE else opened(name)


def output_of(name: str, *, force: bool) -> str | BinaryIO:
    """What is written: standard output for `-`, else the name."""
    return open_output_pipe(force=force) if name == PIPE else name


def open_input_pipe(*, force: bool) -> BinaryIO:
    """Standard input, unless it is a terminal."""
    if sys.stdin is None:
        raise InputError("standard input is closed")
    if sys.stdin.isatty() and not force:
        raise InputError("standard input is a terminal: pipe a file into it (--force reads it anyway)")
    return sys.stdin.buffer


def open_output_pipe(*, force: bool) -> BinaryIO:
    """Standard output, unless it is a terminal."""
    if sys.__stdout__ is None:
        raise OutputError("standard output is closed")
    if sys.stdout.isatty() and not force:
        raise OutputError("binary data is not written to a terminal (--force writes it anyway)")
    return sys.stdout.buffer


@contextmanager
def progress_target(name: str | None, output: str) -> Iterator[BinaryIO | None]:
    """Where --progress writes: `pipe:1`, `pipe:2`, `fd:N`, `-` (standard error), or a file."""
    if name is None:
        yield None
        return
    match = re.fullmatch(r"(?:pipe|fd):(\d+)", name)
    number = 2 if name == PIPE else int(match[1]) if match else None
    if number == 1 and output == PIPE:
        raise typer.BadParameter("--progress pipe:1: standard output carries the file already")
    try:
        with open(number if number is not None else name, "wb", buffering=0, closefd=number is None) as target:
            yield target
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"--progress {name}: {error.strerror}") from error
