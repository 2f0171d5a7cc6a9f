"""The prose and what it is about stay together."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from inrv_format.limits import DEFAULT_LIMITS

ROOT = Path(__file__).resolve().parents[2]


def test_the_worked_example_is_what_the_writer_writes():
    assert subprocess.run([sys.executable, ROOT / "tools" / "hexdump", "--check"], check=False).returncode == 0


def test_the_limits_of_section_9_are_those_of_the_code():
    section = (ROOT / "spec" / "inrv.md").read_text().partition("## 9. Limits")[2].partition("## 10.")[0]
    text = section.replace(",", "")
    units = {"MiB": 1 << 20, "GiB": 1 << 30, "": 1}
    stated = {int(number) * units[unit] for number, unit in re.findall(r"\b(\d+) ?(MiB|GiB|)", text)}
    stated |= {2 ** int(power) for power in re.findall(r"2\^(\d+)", text)}
    missing = [field.name for field in fields(DEFAULT_LIMITS) if getattr(DEFAULT_LIMITS, field.name) not in stated]
    assert not missing
