"""The image holds what its processes read, in the versions of the lock, and runs them without any rights."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
#: Read by pybabel when messages are extracted, never by a process of ours.
NOT_INSTALLED = {"web/translations/babel.cfg"}


def packages() -> set[str]:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return {name.rstrip("*") for name in setup["options.packages.find"]["include"].split()}


def files(folder: Path, *tops: str) -> set[str]:
    return {
        str(path.relative_to(folder))
        for top in tops
        for path in (folder / top).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".mo"}
    }


def test_every_package_is_copied() -> None:
    copied = set(re.findall(r"^COPY ([a-z]+) \1$", DOCKERFILE, re.MULTILINE))
    assert copied == packages()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied <= {line.removeprefix("!") for line in ignored if line.startswith("!")}


def test_every_file_of_the_packages_is_installed(tmp_path: Path) -> None:
    source, built = tmp_path / "source", tmp_path / "built"
    source.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in packages():
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-c", "import setuptools; setuptools.setup()", "--quiet", "build_py"]
    subprocess.run([*command, "--build-lib", str(built)], check=True, cwd=source)
    assert files(built, ".") == files(source, *packages()) - NOT_INSTALLED


def test_what_is_installed_comes_from_the_lock() -> None:
    installs = re.findall(r"pip install (.+?)(?: \\)?$", DOCKERFILE, re.MULTILINE)
    assert installs
    assert all("--constraint requirements.lock" in line or "--no-deps" in line for line in installs)


def test_it_runs_without_rights_and_names_no_registry() -> None:
    uid = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)[-1]
    assert "0" not in uid
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert images
    assert all("/" not in name for name in images)


def test_without_the_packages_of_the_demo_every_command_explains_itself() -> None:
    without = "import sys; sys.modules['fpdf'] = None; from web.commands import main; main()"
    run = [sys.executable, "-c", without]
    assert subprocess.run([*run, "--help"], cwd=ROOT, capture_output=True).returncode == 0
    assert subprocess.run([*run, "demo", "load", "--help"], cwd=ROOT, capture_output=True).returncode == 0
