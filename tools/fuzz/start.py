"""One target under Atheris: python -m fuzz.start TARGET FLAGS-OF-LIBFUZZER... FOLDER..."""

from __future__ import annotations

import resource
import sys
import warnings
from pathlib import Path

import atheris

MOST_BYTES_ABOVE = 256 << 20
SEED = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "valid" / "media.inrv"


def main() -> None:
    """Fuzz until a flag says enough, or a case is a bug; libFuzzer ends the process."""
    with atheris.instrument_imports(include=["inrv_format", "invr"]):
        from fuzz.mutate import Mutator
        from fuzz.targets import TARGETS
    warnings.simplefilter("error", RuntimeWarning)
    target = TARGETS[sys.argv[1]]
    target(SEED.read_bytes())  # what is loaded at first is no memory of a case
    # Setup puts another Mutate in the place of the one that is there before.
    mutator = Mutator(lambda data, most_bytes: bytes(atheris.Mutate(data, most_bytes)))

    def mutate(data: bytes, most_bytes: int, seed: int) -> bytes:
        return mutator(data, most_bytes, seed)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], target, custom_mutator=mutate)
    limit_memory()
    atheris.Fuzz()


def limit_memory() -> None:
    """A case that takes much more than the process has now raises MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_BYTES_ABOVE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()
