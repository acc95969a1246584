"""
The wheel, installed alone in a folder that knows nothing of the checkout.
"""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from conformance.contract import contract_names
from tests.repo.tracked import ROOT, tracked

pytestmark = pytest.mark.timeout(300)


def call(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV", "COVERAGE_PROCESS_CONFIG")
    }
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (
        f"{command} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    )
    return done


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Return a copy of the tracked files, so that building leaves nothing in the checkout.
    """
    folder = tmp_path_factory.mktemp("copy")
    for path in tracked():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes((ROOT / path).read_bytes())
    return folder


@pytest.fixture(scope="module")
def wheel(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    call(
        sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, copy, cwd=folder
    )
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", with_pip=True)
    binaries = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    call(binaries / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    return binaries


def test_the_wheel_holds_what_is_tracked_and_nothing_else(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = {p.as_posix() for p in tracked() if p.parts[0] == "conformance"}
    specs = {f"conformance/{p.as_posix()}" for p in tracked() if p.parts[0] == "specs"}
    assert held == package | specs


def test_the_wheel_declares_a_small_install(installed: Path) -> None:
    listed = call(
        installed / "python",
        "-m",
        "pip",
        "list",
        "--format=freeze",
        "--exclude",
        "pip",
        "--exclude",
        "setuptools",
        cwd=installed,
    )
    assert len(listed.stdout.split()) <= 20


def test_contracts_are_listed_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    listed = call(installed / "conformance", "list", cwd=tmp_path).stdout
    assert all(name in listed for name in contract_names())


def test_the_reference_server_conforms_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    call(installed / "conformance", "run", "aurous", "--reference", "--budget", "quick", "--no-progress", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_sdist_builds_the_same_wheel(copy: Path, wheel: Path, tmp_path: Path) -> None:
    build = "import sys, hatchling.build; print(hatchling.build.build_sdist(sys.argv[1]))"
    name = call(sys.executable, "-c", build, tmp_path, cwd=copy).stdout.split()[-1]
    with tarfile.open(tmp_path / name) as archive:
        archive.extractall(tmp_path / "sdist", filter="data") if hasattr(
            tarfile, "data_filter"
        ) else archive.extractall(tmp_path / "sdist")
    [source] = (tmp_path / "sdist").iterdir()
    call(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        source,
        cwd=tmp_path,
    )
    [again] = tmp_path.glob("*.whl")
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())
