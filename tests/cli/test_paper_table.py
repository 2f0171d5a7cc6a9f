"""`tools/paper-table`: the whole command, on the shipped sample made small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "invr" / "samples" / "sample.mp4"


def paper_table(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run tools/paper-table with this Python."""
    command = [sys.executable, str(ROOT / "tools" / "paper-table"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, cwd=ROOT)


def test_the_networks_have_the_papers_sizes(tmp_path):
    short = "--steps", 1, "--teacher-steps", 1, "--finetune-steps", 1, "--samples", 64
    done = paper_table(SAMPLE, "-o", tmp_path / "a.md", "-frames", 1, "-s", "16x12", *short)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (tmp_path / "a.md").read_text()
    sizes = {
        cells[1].strip(): cells[2:4] for cells in (line.split("|") for line in done.stdout.splitlines()) if cells[2:]
    }
    assert [cell.strip() for cell in sizes["teacher, float32"]] == ["2,369,029", "9.037"]
    assert [cell.strip() for cell in sizes["student, int16"]] == ["1,298,029", "2.476"]


def test_a_missing_clip_is_one_line(tmp_path):
    done = paper_table(tmp_path / "none.mp4", "-o", tmp_path / "a.md")
    assert done.returncode == 3
    assert done.stderr.startswith("paper-table: ") and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "a.md").exists()
