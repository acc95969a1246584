"""
What only a process of its own shows: imports, signals, pipes and the foreground server.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

HEAVY = ("numpy", "orjson", "yaml", "rich", "hypothesis", "jsonschema_rs", "jinja2", "asyncio", "uvicorn", "httptools")
PROGRAM = [sys.executable, "-m", "conformance"]


def spawn(*args, **env):
    given = {**os.environ, "NO_COLOR": "1", **env}
    return subprocess.Popen([*PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=given)


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["run", "--help"], ["selftest", "--help"]])
def test_help_imports_next_to_nothing(args):
    code = (
        "import sys\nfrom conformance.cli import main\n"
        f"try:\n    main({args!r}, prog_name='conformance')\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "click" in loaded
    assert not loaded & set(HEAVY)
    assert not [name for name in loaded if name.startswith(("conformance.engine", "conformance.wire", "conformance.contract"))]


def test_no_argument_shows_the_help():
    done = subprocess.run(PROGRAM, capture_output=True, text=True, check=False)
    assert "Commands:" in done.stdout + done.stderr
    assert "Exit codes:" in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_run_in_order(tmp_path, number):
    log = tmp_path / "run.log"
    process = spawn("run", "aurous", "--reference", "--out", str(log), "--no-progress")
    until = time.monotonic() + 15
    while (not log.exists() or log.read_bytes().count(b"\n") < 30) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode in (1, 3), err
    assert "Traceback" not in err
    footer = json.loads(log.read_bytes().splitlines()[-1])
    assert footer["kind"] == "footer"
    assert footer["incomplete"] == "the run was interrupted"
    assert footer["exit"] == process.returncode == 3
    assert "Incomplete" in out


def test_an_interrupt_before_the_run_is_quiet():
    process = spawn("selftest", "aurous", "--jobs", "1", "--fault", "sound", "--budget", "quick")
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "error: interrupted" in err


def test_a_closed_pipe_is_quiet():
    with spawn("list", "aurous") as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=10) in (0, 141)


def test_output_survives_a_narrow_encoding():
    done = subprocess.run(
        [*PROGRAM, "explain", "idempotency.canonical"], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_serve_is_judged_by_what_it_prints(tmp_path):
    process = spawn("serve", "aurous", "--fault", "image_cap_9", PYTHONUNBUFFERED="1")
    try:
        told = ""
        while "Ctrl-C" not in told:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            told += line
        env = {**os.environ, **dict(re.findall(r"export (\w+)=(\S+)", told))}
        target = tmp_path / "target.yaml"
        target.write_text("".join(f"{line[2:]}\n" for line in told.split("target.yaml:\n")[1].split("\n\n")[0].splitlines()))
        args = [*PROGRAM, "run", "--target", str(target), "--clause", "caps.images.*", "--budget", "quick"]
        done = subprocess.run(args, capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 1, done.stderr
        assert "FAIL  caps.images.over" in done.stdout
        curl = next(line.strip() for line in told.splitlines() if "/v1/models" in line)
        assert curl.startswith("curl -sS -H ")
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in err
