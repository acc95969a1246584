"""
Real servers, judged again: each is started, judged by its target file in `fixtures/targets`, and ended.

    python -m benchmarks.real_servers 'infinity=infinity_emb v2 --port {port} ...' --key-env INFINITY_API_KEY=sk-local
    python -m benchmarks.real_servers --commands servers.yaml --only infinity --only litserve

{port} becomes a free port. A YAML file maps NAME to such a command, or to an object of `run`, `environment` and `needs`
(a name to start first, whose port stands as {needs_port}). Nothing is installed. A server's key comes from the
environment variable that its target file names.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ROOT / "fixtures" / "targets"
REPORTS = ROOT / "reports" / "real"
CONTRACT = "openai"
# The log of a whole run has one line for each case; a folder of reports is no place for megabytes.
LARGEST = 400_000


@dataclass(frozen=True)
class Command:
    """
    How one server is started: its command, what is added to the environment, and who has to run first.
    """

    name: str
    run: str
    environment: dict[str, str] = field(default_factory=dict)
    needs: str | None = None

    @property
    def file(self) -> Path:
        """
        The target file that says what this server does in its own way.
        """
        return TARGETS / f"openai-{self.name}.yaml"

    @property
    def target(self) -> dict[str, Any]:
        """
        What the target file says.
        """
        read: dict[str, Any] = yaml.safe_load(self.file.read_text("utf-8"))
        return read


def commands(pairs: list[str], file: Path | None) -> dict[str, Command]:
    """
    Return every server that is given, by its name; ValueError for one without a target file or with a broken entry.
    """
    given: dict[str, Any] = yaml.safe_load(file.read_text("utf-8")) if file else {}
    for pair in pairs:
        name, equals, run = pair.partition("=")
        if not equals:
            raise ValueError(f"{pair}: expected NAME=COMMAND")
        given[name] = run
    found = {}
    for name, entry in given.items():
        value = entry if isinstance(entry, dict) else {"run": entry}
        command = Command(name, value["run"], value.get("environment", {}), value.get("needs"))
        if not command.file.is_file():
            raise ValueError(f"{name}: there is no {command.file.relative_to(ROOT)}")
        if command.needs not in {None, *given}:
            raise ValueError(f"{name}: it needs {command.needs}, for which no command is given")
        found[name] = command
    return found


def free_port() -> int:
    """
    Return a port of the loopback address that nobody listens on.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Command, port: int, needs_port: int | None, patience: float) -> Iterator[None]:
    """
    Start the server and wait until it answers; end it by its own id, with what it has started itself.
    """
    line = command.run.replace("{port}", str(port)).replace("{needs_port}", str(needs_port))
    process = subprocess.Popen(
        shlex.split(line),
        env={**os.environ, **command.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until_it_answers(process, command.target, port, patience)
        yield
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """
    Ask the process to end, wait, and then end whatever is left of its own session.
    """
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    try:
        # The session is the server's own (start_new_session), so nobody else is in it.
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def wait_until_it_answers(
    process: subprocess.Popen[bytes], target: dict[str, Any], port: int, patience: float
) -> None:
    """
    Ask for one embedding until it is given; RuntimeError when the server ends or *patience* seconds have passed.
    """
    body = json.dumps({"model": target["model"], "input": "Are you there?"}).encode()
    headers = {"Content-Type": "application/json"}
    if target.get("key_env"):
        headers["Authorization"] = f"Bearer {os.environ.get(target['key_env'], '')}"
    until = time.monotonic() + patience
    last = "no answer"
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode} before it answered")
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/embeddings", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60):
                return
        except urllib.error.HTTPError as refusal:
            last = f"status {refusal.code}"
            if refusal.code in {401, 403}:
                raise RuntimeError(f"{last}: is the key in {target.get('key_env')}?") from refusal
        except OSError as fault:
            last = str(fault)
        time.sleep(0.3)
    raise RuntimeError(f"the server did not answer within {patience:g} s ({last})")


def judge(command: Command, port: int, budget: str, out: Path) -> str:
    """
    Run the suite against a server that runs, keep what is small enough of its reports in *out*, and return one line for
    the table; RuntimeError when the run left no closed log.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        target, log, page = (Path(folder) / f"{command.name}.{ending}" for ending in ("yaml", "jsonl", "html"))
        target.write_text(
            yaml.safe_dump(command.target | {"base_url": f"http://127.0.0.1:{port}"}, sort_keys=False), "utf-8"
        )
        line = [sys.executable, "-m", "conformance", "run", CONTRACT, "--target", target.name, "--no-progress"]
        began = time.monotonic()
        done = subprocess.run(
            [*line, "--budget", budget, "--out", log.name, "--html", page.name],
            cwd=folder,  # so that the reports name no path of this machine
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
        (out / f"{command.name}.txt").write_text(done.stdout, "utf-8")
        for file in (log, page):
            if file.is_file() and file.stat().st_size <= LARGEST:
                (out / file.name).write_bytes(file.read_bytes())
        last = json.loads(log.read_text("utf-8").splitlines()[-1]) if log.is_file() else {}
    if "verdicts" not in last:
        raise RuntimeError(f"the run ended with {done.returncode} and no closed log: {done.stderr.strip()[-200:]}")
    counts = {level: ", ".join(f"{n} {verdict}" for verdict, n in of.items()) for level, of in last["verdicts"].items()}
    says = "; ".join(f"{level} {of}" for level, of in counts.items())
    return f"| {command.name} | {seconds:.0f} s | {says.replace('_', ' ')} |"


def main(options: argparse.Namespace) -> int:
    """
    Judge the servers one after the other; return 1 where one could not be judged.
    """
    given = commands(options.server, options.commands)
    os.environ.update(pair.split("=", 1) for pair in options.key_env)
    faults = 0
    for name in options.only or given:
        command, needed = given[name], given[name].needs
        port, needs_port = free_port(), None
        try:
            with ExitStack() as servers:
                if needed:
                    needs_port = free_port()
                    servers.enter_context(running(given[needed], needs_port, None, options.patience))
                servers.enter_context(running(command, port, needs_port, options.patience))
                print(judge(command, port, options.budget, options.out), flush=True)
        except (OSError, RuntimeError) as fault:
            faults += 1
            print(f"| {name} | | not judged: {fault} |", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", nargs="*", metavar="NAME=COMMAND", help="a server and how it is started")
    parser.add_argument("--commands", type=Path, metavar="YAML", help="a file of more of them")
    parser.add_argument("--only", action="append", metavar="NAME", help="judge this one; repeatable")
    parser.add_argument("--key-env", action="append", default=[], metavar="NAME=KEY", help="set a variable first")
    parser.add_argument("--budget", choices=["quick", "standard", "deep"], default="standard")
    parser.add_argument("--patience", type=float, default=180, help="seconds that a server has for its first answer")
    parser.add_argument("--out", type=Path, default=REPORTS, help="where the reports go")
    sys.exit(main(parser.parse_args()))
