"""`invr info`: what a file holds, from its header and index, with FFprobe's names where the meaning is the same."""

from __future__ import annotations

import json
import math
import sys
from fractions import Fraction
from typing import Any, BinaryIO

import typer
from inrv_format.chunk import Chunk
from inrv_format.families import CodedSpec
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.reader import Reader
from inrv_format.streams import COLOR_RANGES, FIELD_ORDERS, AudioStream, VideoStream
from inrv_format.unit import Unit

from invr.cli.options import limits_of, opened_input

COLOR_SPACES = {0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
COLOR_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 12: "smpte432"}
COLOR_TRANSFERS = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    8: "linear",
    13: "iec61966-2-1",
    14: "bt2020-10",
    16: "smpte2084",
    18: "arib-std-b67",
}


def info(
    source: str = typer.Argument(..., metavar="FILE", help=".inrv file, or - for standard input"),
    as_json: bool = typer.Option(False, "--json", help="JSON with FFprobe's field names"),
    chunks: bool = typer.Option(False, "--chunks", help="list the chunks and their networks"),
    limits: str | None = typer.Option(None, "--limits", metavar="NAME=N,...", help="instead of the default limits"),
) -> None:
    """Show what an .inrv file holds; no network is evaluated."""
    allowed = limits_of(limits)
    with opened_input(source) as file:
        description = describe(file, source, every_chunk=chunks, limits=allowed)
    if not chunks:
        description.pop("chunks")
    sys.stdout.write(json.dumps(description, indent=2) + "\n" if as_json else as_text(description))


def describe(source: BinaryIO, name: str, *, every_chunk: bool, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """What a file holds, as JSON values; of one that can be sought its first chunk, unless every one is wanted."""
    reader = Reader(source, limits=limits)
    if reader.index is None:
        return _description(reader, list(reader.chunks()), name)
    shown = len(reader.index.entries) if every_chunk else min(1, len(reader.index.entries))
    return _description(reader, [reader.chunk(number) for number in range(shown)], name)


def _description(reader: Reader, chunks: list[Chunk], name: str) -> dict[str, Any]:
    """Everything; unknown numbers are left out."""
    size = reader.file_length
    frames, samples, ends = _totals(reader, chunks)
    streams = []
    spans = []
    for stream_id, stream in sorted(reader.streams.items()):
        first = next((span for chunk in chunks if (span := _first_time(chunk, stream)) is not None), Fraction(0))
        end = ends[0 if isinstance(stream, VideoStream) else 1] * stream.time_base
        spans.append((first, end))
        count = frames if isinstance(stream, VideoStream) else samples
        streams.append(_stream(stream_id, stream, count, first, end))
    start, end = min(first for first, _ in spans), max(end for _, end in spans)
    duration = float(end - start)
    container: dict[str, Any] = {
        "filename": name,
        "format_name": "inrv",
        "format_version": reader.version_written,
        "nb_streams": len(streams),
        "start_time": f"{float(start):.6f}",
        "duration": f"{duration:.6f}",
        "nb_chunks": len(reader.index.entries) if reader.index else len(chunks),
    }
    if size is not None:
        container["size"] = str(size)
        container["bit_rate"] = str(round(8 * size / duration)) if duration else "N/A"
    container["tags"] = reader.tags
    return {"streams": streams, "format": container, "chunks": [_chunk(chunk) for chunk in chunks]} | _first_network(
        chunks
    )


def _totals(reader: Reader, chunks: list[Chunk]) -> tuple[int, int, tuple[int, int]]:
    """Frames, samples and the end times of both streams, from the index or, on a pipe, from all chunks."""
    if reader.index is not None:
        return reader.index.frame_count, reader.index.sample_count, (reader.index.video_end, reader.index.audio_end)
    frames = sum(len(chunk.video.pts) for chunk in chunks if chunk.video)
    samples = sum(chunk.audio.sample_count - chunk.audio.overlap for chunk in chunks if chunk.audio)
    video_end = max((chunk.video.end_pts for chunk in chunks if chunk.video), default=0)
    audio_end = max((chunk.audio.pts + chunk.audio.sample_count for chunk in chunks if chunk.audio), default=0)
    return frames, samples, (video_end, audio_end)


def _first_time(chunk: Chunk, stream: VideoStream | AudioStream) -> Fraction | None:
    if isinstance(stream, VideoStream):
        return chunk.video.pts[0] * stream.time_base if chunk.video else None
    return chunk.audio.pts * stream.time_base if chunk.audio else None


def _stream(
    number: int, stream: VideoStream | AudioStream, count: int, start: Fraction, end: Fraction
) -> dict[str, Any]:
    common = {
        "index": number,
        "codec_name": "inr",
        "codec_type": "video" if isinstance(stream, VideoStream) else "audio",
        "time_base": _ratio(stream.time_base),
        "start_time": f"{float(start):.6f}",
        "duration": f"{float(end - start):.6f}",
    }
    if isinstance(stream, AudioStream):
        return common | {
            "sample_rate": str(stream.sample_rate_hz),
            "channels": stream.channels,
            "channel_layout": stream.layout,
            "bits_per_raw_sample": str(stream.bit_depth),
            "nb_samples": str(count),
        }
    rate = stream.average_rate
    # times in thousandths of a second say little of a rate
    if not rate or abs(count / rate - (end - start)) > 2 * stream.time_base:
        rate = Fraction(float(count / (end - start))).limit_denominator(1001) if end > start else Fraction(0)
    return common | {
        "width": stream.width,
        "height": stream.height,
        "sample_aspect_ratio": _ratio(stream.sample_aspect_ratio, ":"),
        "pix_fmt": stream.pix_fmt,
        "bits_per_raw_sample": str(stream.bit_depth),
        "color_range": COLOR_RANGES[stream.color_range],
        "color_space": COLOR_SPACES.get(stream.matrix, "unknown"),
        "color_primaries": COLOR_PRIMARIES.get(stream.primaries, "unknown"),
        "color_transfer": COLOR_TRANSFERS.get(stream.transfer, "unknown"),
        "field_order": FIELD_ORDERS[stream.field_order],
        "r_frame_rate": _ratio(stream.average_rate),
        "avg_frame_rate": _ratio(rate),
        "nb_frames": str(count),
        "rotation": stream.rotation,
    }


def _chunk(chunk: Chunk) -> dict[str, Any]:
    shown: dict[str, Any] = {"index": chunk.index, "macs": chunk.macs}
    if chunk.video:
        video = chunk.video
        shown |= {"first_frame": video.first_frame, "nb_frames": len(video.pts), "pts": video.pts[0]}
        shown |= {"psnr_db": _number(video.psnr_db), "tiles": f"{video.tiles.columns}x{video.tiles.rows}"}
    if chunk.audio:
        audio = chunk.audio
        shown |= {"first_sample": audio.first_sample, "nb_samples": audio.sample_count, "overlap": audio.overlap}
        shown |= {"snr_db": _number(audio.snr_db), "denoise": audio.denoise}
    shown["networks"] = [
        {
            "family": unit.spec.NAME,
            "spec": {name: _plain(getattr(unit.spec, name)) for name in unit.spec.__slots__},  # type: ignore[attr-defined]
            "bits": sorted({header.bits for header in unit.headers}),
            "coder": unit.coder,
            "payload_bytes": len(unit.payload),
            "raw_bytes": unit.raw_length,
        }
        for unit in chunk.units
    ]
    return shown


def _first_network(chunks: list[Chunk]) -> dict[str, Any]:
    if not chunks:
        return {}
    units = chunks[0].units
    return {"networks": [_network_name(unit) for unit in units]}


def _network_name(unit: Unit) -> str:
    """Its family and most bits; packets have their codec instead."""
    detail = unit.spec.codec if isinstance(unit.spec, CodedSpec) else f"{max(h.bits for h in unit.headers)} bit"
    return f"{unit.spec.NAME} ({detail})"


def _plain(value: object) -> object:
    """As JSON holds it: bytes in hexadecimal."""
    return value.hex() if isinstance(value, bytes) else value


def as_text(description: dict[str, Any]) -> str:
    """The same for a person."""
    container = description["format"]
    lines = [f"{container['filename']}: inrv version {container['format_version']}"]
    facts = [f"duration {float(container['duration']):.3f} s", f"{container['nb_chunks']} chunks"]
    if "size" in container:
        facts += [f"{container['size']} bytes", f"{container['bit_rate']} bit/s"]
    lines.append("  " + ", ".join(facts))
    for stream in description["streams"]:
        lines.append("  " + _stream_line(stream))
    if description.get("networks"):
        lines.append(f"  networks: {', '.join(description['networks'])}")
    lines += [f"  {key}: {value}" for key, value in container["tags"].items()]
    lines += ["  " + _chunk_line(chunk) for chunk in description.get("chunks", [])]
    return "\n".join(lines) + "\n"


def _stream_line(stream: dict[str, Any]) -> str:
    if stream["codec_type"] == "audio":
        return (
            f"stream {stream['index']}: audio, {stream['sample_rate']} Hz, "
            f"{stream['channel_layout'] or stream['channels']}, {stream['nb_samples']} samples"
        )
    turned = f", turned {stream['rotation']} degrees" if stream["rotation"] else ""
    return (
        f"stream {stream['index']}: video, {stream['width']}x{stream['height']} "
        f"(SAR {stream['sample_aspect_ratio']}), {stream['pix_fmt']}, {stream['avg_frame_rate']} fps, "
        f"{stream['nb_frames']} frames{turned}"
    )


def _chunk_line(chunk: dict[str, Any]) -> str:
    parts = [f"chunk {chunk['index']}"]
    if "psnr_db" in chunk:
        parts.append(f"frames {chunk['first_frame']}+{chunk['nb_frames']} at {chunk['psnr_db']} dB")
    if "snr_db" in chunk:
        parts.append(f"samples {chunk['first_sample']}+{chunk['nb_samples']} at {chunk['snr_db']} dB")
    parts += [f"{net['family']} {net['payload_bytes']} bytes" for net in chunk["networks"]]
    parts.append(f"{chunk['macs']:.2e} multiply-adds")
    return ", ".join(parts)


def _ratio(value: Fraction, separator: str = "/") -> str:
    return f"{value.numerator}{separator}{value.denominator}"


def _number(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
