"""The media type's files: libmagic and shared-mime-info know an `.inrv` file, and all of them give one name."""

import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from inrv_format.schema import MAGIC
from toys import SPEC

MEDIA_TYPE = "video/vnd.invr"
MAGIC_FILE, MIME_FILE = SPEC / "magic" / "inrv.magic", SPEC / "magic" / "inrv.xml"
SPACE = "{http://www.freedesktop.org/standards/shared-mime-info}"
SEEN = {
    "valid/both": "written by version 1, 13x11",
    "valid/opus": "sound at 48000 Hz",
    "unusual/long-header": "13x11",
    "unsupported/version-2": "needs version 2",
}


def file_says(name: str, *options: str) -> str:
    """What `file` says of a conformance file."""
    if not shutil.which("file"):
        pytest.skip("the program `file` is not installed")
    command = ["file", "-b", *options, "-m", MAGIC_FILE, SPEC / "vectors" / f"{name}.inrv"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", SEEN)
def test_libmagic_tells_what_a_file_holds(name):
    assert SEEN[name] in file_says(name)
    assert file_says(name, "--mime-type").strip() == MEDIA_TYPE


def test_libmagic_does_not_know_another_magic():
    assert "INRV" not in file_says("faulty/magic")


def test_the_mime_entry_has_the_magic_and_the_extension():
    entry = ElementTree.parse(MIME_FILE).getroot().find(f"{SPACE}mime-type")
    assert entry.get("type") == MEDIA_TYPE
    match = entry.find(f"{SPACE}magic/{SPACE}match")
    assert match.get("offset") == "0"
    assert match.get("value").encode().decode("unicode_escape").encode("latin-1") == MAGIC
    assert entry.find(f"{SPACE}glob").get("pattern") == "*.inrv"


def test_the_mime_database_takes_the_entry(tmp_path):
    if not shutil.which("update-mime-database"):
        pytest.skip("the program `update-mime-database` is not installed")
    (tmp_path / "packages").mkdir()
    shutil.copy(MIME_FILE, tmp_path / "packages")
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path)}
    subprocess.run(["update-mime-database", tmp_path], env=environment, capture_output=True, check=True)
    assert f"{MEDIA_TYPE}:*.inrv" in (tmp_path / "globs").read_text()
    assert MAGIC in (tmp_path / "magic").read_bytes()


def test_the_registration_names_the_same_type_and_magic():
    text = (SPEC.parent / "docs" / "media-type.md").read_text()
    assert MEDIA_TYPE in text
    assert MAGIC.hex(" ").upper() in text
