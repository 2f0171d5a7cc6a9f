"""The walls between the rooms, and the words that no file uses."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = sorted(ROOT.glob("spec/*.py"))
CODE = sorted([*ROOT.glob("invr/**/*.py"), *ROOT.glob("format/**/*.py")])
FORBIDDEN_NAMES = re.compile(r"(^|_)(process|handle|manager|utils?|helpers?|misc)$|^run$")
LONGEST_FILE, LONGEST_FUNCTION = 400, 60

# package -> the only places that may import it
DOORS = {
    "av": ["invr/media/"],
    "soundfile": ["invr/media/"],
    "construct": ["format/"],
    "typer": ["invr/cli/"],
    "zstandard": ["format/inrv_format/entropy/"],
    "noisereduce": ["invr/denoise.py"],
    "visqol": ["invr/metrics/"],
    "pesq": ["invr/metrics/"],
    "pystoi": ["invr/metrics/"],
    "cdpam": ["invr/metrics/"],
    "tqdm": ["invr/cli/progress.py"],
    "ray": ["invr/workers/"],
    "multiprocessing": ["invr/workers/"],
    "bokeh": ["invr/report/", "invr/sweep/page.py"],
    "PIL": ["invr/report/pictures.py", "invr/media/", "invr/sweep/sheet.py"],
}

# file -> calls it may make all the same: CDPAM's weights lie in the package whose code is imported with them
LOADS_CODE_OF_A_PACKAGE = {"invr/metrics/listening.py": {"torch.load"}}

# modules whose data may run code when it is read
MAKES_OBJECTS_OF_DATA = {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle"}


def imports(path: Path) -> set[str]:
    """Full names of all modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", CODE, ids=relative)
def test_libraries_come_in_by_their_door(path):
    for name in imports(path):
        doors = DOORS.get(name.split(".")[0])
        assert doors is None or any(relative(path).startswith(door) for door in doors), f"{name} in {relative(path)}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("format/**/*.py")), ids=relative)
def test_the_format_library_knows_neither_torch_nor_invr(path):
    assert not {name.split(".")[0] for name in imports(path)} & {"torch", "invr"}


def reachable(start: str) -> set[str]:
    """Modules of invr that importing `start` brings in, at the top of a file or inside a function."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        path = ROOT / (module.replace(".", "/") + ".py")
        path = path if path.exists() else ROOT / module.replace(".", "/") / "__init__.py"
        if module in seen or not path.exists():
            continue
        seen.add(module)
        waiting += [name for name in imports(path) if name.startswith("invr.")]
    return seen


def test_decoding_never_imports_the_fit():
    assert "invr.decode_chunk" in reachable("invr.decoder")
    assert not [name for name in reachable("invr.decoder") if name.startswith("invr.fit")]


def test_media_knows_no_network():
    modules = set().union(*(reachable(f"invr.media.{path.stem}") for path in ROOT.glob("invr/media/*.py")))
    assert not [name for name in modules if name.startswith(("invr.fields", "invr.fit", "invr.quant", "invr.cli"))]


LIGHT = (
    ["--help"],
    ["info", "--help"],
    ["info", "missing.inrv"],
    ["test", "--help"],
    ["cat", "--help"],
    ["cat", "missing.inrv", "-o", "-"],
    ["repair", "--help"],
    ["repair", "missing.inrv", "-o", "-"],
    ["decode", "missing.inrv", "-o", "-"],
    ["thumbs", "missing.inrv", "-o", "a.png"],
    ["compare", "missing.mkv", "missing.inrv"],
    ["refine", "missing.inrv", "--source", "missing.mkv"],
)


@pytest.mark.parametrize("command", LIGHT)
def test_light_commands_import_nothing_heavy(command):
    script = (
        "import sys; from invr.cli.main import main\n"
        f"sys.argv = ['invr', *{command!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'av', 'scipy'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("path", CODE, ids=relative)
def test_names_and_sizes(path):
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            assert not FORBIDDEN_NAMES.search(node.name.lower()), node.name
        if isinstance(node, ast.FunctionDef) and "cli/" not in relative(path):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("path", [*CODE, *REFERENCE], ids=relative)
def test_nothing_imports_what_turns_data_into_objects(path):
    """Worker processes pass objects to each other by means of multiprocessing, which pickles for itself."""
    assert not {name.split(".")[0] for name in imports(path)} & MAKES_OBJECTS_OF_DATA


@pytest.mark.parametrize("path", [*CODE, *REFERENCE], ids=relative)
def test_nothing_loads_code_from_data(path):
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    # With weights_only torch.load builds nothing but tensors.
    called = {ast.unparse(node.func) for node in calls if "weights_only=True" not in ast.unparse(node)}
    forbidden = {"eval", "exec", "__import__", "torch.load", "yaml.load"}
    assert not called & (forbidden - LOADS_CODE_OF_A_PACKAGE.get(relative(path), set()))
    pickles = [keyword for node in calls for keyword in node.keywords if keyword.arg == "allow_pickle"]
    assert all(ast.unparse(keyword.value) == "False" for keyword in pickles)
    loads = [node for node in calls if ast.unparse(node.func) in {"np.load", "numpy.load"}]
    assert all(len(node.args) < 3 for node in loads), "allow_pickle is the third argument of numpy.load"


@pytest.mark.parametrize("path", CODE, ids=relative)
def test_public_names_have_docstrings(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or not path.read_text(), "module"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name
