"""`invr compare`: how near is one file to another?"""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING, Any

import typer

from invr.cli.options import PIPE, check_input, check_overwrite, parse_span
from invr.cli.progress import Display
from invr.output import TargetFile, Translated

if TYPE_CHECKING:
    from invr.compare import Comparison, SoundComparison, VideoComparison

UNITS = {"_db": "dB", "_mos": "MOS"}
MEANINGS = {
    "psnr_rgb_db": "R, G, B together, mean over frames",
    "psnr_y_db": "mean over frames",
    "psnr_u_db": "mean over frames",
    "psnr_v_db": "mean over frames",
    "psnr_yuv_db": "6:1:1 mean of Y, U, V, mean over frames",
    "psnr_rgb_mse_db": "of the mean squared error of all frames",
    "psnr_y_mse_db": "of the mean squared error of all frames",
    "psnr_u_mse_db": "of the mean squared error of all frames",
    "psnr_v_mse_db": "of the mean squared error of all frames",
    "psnr_yuv_mse_db": "6:1:1 mean of the three above",
    "lpips": "AlexNet, lower is better",
    "lsd_db": "log-spectral distance, lower is better",
    "visqol_mos": "audio mode, 1 to 5",
    "visqol_speech_mos": "speech mode, 1 to 5",
    "pesq_mos": "wideband, 1 to 4.64",
    "stoi": "0 to 1",
    "cdpam": "lower is better, below 0.4 is good",
    "q_comp": "size x CDPAM^2, lower is better",
}


def compare(
    reference: str = typer.Argument(..., metavar="REF", help="the source: media or .inrv"),
    distorted: str = typer.Argument(..., metavar="DIST", help="what is measured: media or .inrv"),
    metrics: str | None = typer.Option(
        None,
        "--metrics",
        metavar="LIST",
        help="ssim,ms_ssim,lpips,snr_db,lsd_db,visqol_mos,...: only these (and PSNR)",
    ),
    speech: bool = typer.Option(
        False, "--speech", help="the sound is speech: PESQ, STOI and ViSQOL's speech mode too"
    ),
    align_sound: bool = typer.Option(False, "--align-sound", help="find and undo a delay of the sound first"),
    start: str | None = typer.Option(None, "-ss", "--ss", metavar="TIME", help="start here in REF"),
    duration: str | None = typer.Option(None, "-t", "--t", metavar="TIME", help="this long of REF"),
    end: str | None = typer.Option(None, "-to", "--to", metavar="TIME", help="up to here in REF"),
    frames: int | None = typer.Option(None, "-frames", "--frames", min=1, help="at most this many frames of REF"),
    no_video: bool = typer.Option(False, "-vn", "--no-video", help="only the sound"),
    no_audio: bool = typer.Option(False, "-an", "--no-audio", help="only the pictures"),
    as_json: bool = typer.Option(False, "--json", help="JSON instead of text"),
    csv_name: str | None = typer.Option(None, "--csv", metavar="FILE", help="scores of each frame"),
    yes: bool = typer.Option(False, "-y", "--yes", help="overwrite the CSV file"),
    device: str = typer.Option("cpu", "--device", help="cpu, cuda or auto, to evaluate .inrv files"),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="no progress"),
) -> None:
    """Measure how near DIST is to REF: PSNR, SSIM and more for pictures, SNR, LSD, ViSQOL and more for sound.

    Frames are paired by their times. Most measures come with: pip install 'invr[metrics]'.
    """
    start_s, duration_s = parse_span(start, duration, end)
    if csv_name is not None:
        check_overwrite(reference, csv_name, yes=yes, no=False)
    for name in (reference, distorted):
        if name == PIPE:
            raise typer.BadParameter("files are opened more than once: standard input will not do")
        check_input(name)
    from invr.compare import CompareConfig
    from invr.compare import compare as compare_files
    from invr.media import ReadConfig

    config = CompareConfig(
        metrics=tuple(name.strip() for name in metrics.split(",")) if metrics is not None else None,
        speech=speech,
        align_sound=align_sound,
        read=ReadConfig(
            start_s=start_s, duration_s=duration_s, frames=frames, video=not no_video, audio=not no_audio
        ),
        device=device,
    )
    display = Display(quiet=quiet, records=None)
    try:
        result = compare_files(
            reference, distorted, config, lambda count: display.show(f"frame {count}", None, {"frame": count})
        )
    finally:
        display.close()
    if csv_name is not None and result.video is not None:
        _write_csv(csv_name, result.video)
    for note in result.notes:
        display.warn(note)
    sys.stdout.write(json.dumps(_record(result), indent=2) + "\n" if as_json else _text(result))


def _record(result: Comparison) -> dict[str, Any]:
    """Everything but the scores of single frames as JSON values."""
    record: dict[str, Any] = {
        "reference_bytes": result.reference_bytes,
        "distorted_bytes": result.distorted_bytes,
        "bpp": result.bpp,
        "notes": list(result.notes),
    }
    if result.video:
        video = result.video
        size = {"width": video.width, "height": video.height, "frames": len(video.times_s)}
        record["video"] = size | {"scores": video.scores, "missing": video.missing}
    if result.sound:
        sound = result.sound
        size = {"sample_rate_hz": sound.sample_rate_hz, "channels": sound.channels, "samples": sound.samples}
        record["audio"] = size | {"delay_samples": sound.delay, "scores": sound.scores, "missing": sound.missing}
    return record


def _text(result: Comparison) -> str:
    rate = f", {result.bpp:.4f} bits per pixel" if result.bpp is not None else ""
    lines = [f"{result.distorted_bytes} bytes against {result.reference_bytes}{rate}"]
    if result.video:
        video = result.video
        lines += [f"pictures: {video.width}x{video.height}, {len(video.times_s)} frames", *_scores(video)]
    if result.sound:
        sound = result.sound
        moved = f", moved by {sound.delay} samples" if sound.delay else ""
        kind = f"{sound.sample_rate_hz} Hz, {sound.channels} channels, {sound.samples} samples"
        lines += [f"sound: {kind}{moved}", *_scores(sound)]
    return "\n".join(lines) + "\n"


def _scores(part: VideoComparison | SoundComparison) -> list[str]:
    lines = []
    for name, value in part.scores.items():
        unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")
        lines.append(f"  {name:<18}{value:>10.4f} {unit:<4} {MEANINGS.get(name, '')}".rstrip())
    return lines + [f"  {name:<18}{'-':>10}      {reason}" for name, reason in part.missing.items()]


def _write_csv(name: str, video: VideoComparison) -> None:
    """One line a frame: its number, time in seconds and scores; a score that ends early leaves its cells empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["frame", "time_s", *video.frames])
    for number, time_s in enumerate(video.times_s):
        cells = (values[number] if number < len(values) else "" for values in video.frames.values())
        writer.writerow([number, f"{time_s:.6f}", *(f"{cell:.6g}" if cell != "" else "" for cell in cells)])
    with TargetFile(name) as file:
        Translated(file).write(text.getvalue().encode())
