"""
``conformance serve``: run the reference server of a contract, sound or with one fault.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from conformance.errors import Fault, UsageError

if TYPE_CHECKING:
    from conformance.contract import Contract

__all__ = ["check_provider", "command"]


@click.command("serve")
@click.argument("contract")
@click.option("--fault", metavar="NAME", help="One deviation from the contract.")
@click.option("--variant", metavar="NAME", help="One odd but conforming way.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port to listen on  [default: a free one]"
)
@click.option("--list", "listed", is_flag=True, help="List every fault and variant, and what it stands for.")
def command(contract: str, fault: str | None, variant: str | None, host: str, port: int, listed: bool) -> int:
    """
    Run the reference server of CONTRACT in the foreground, until Ctrl-C.
    """
    from conformance.contract import load_contract

    loaded = load_contract(contract)
    check_provider(loaded.name)
    if listed:
        return _list(loaded.name)
    _check_name(loaded.name, "fault", fault)
    _check_name(loaded.name, "variant", variant)
    _check_port(host, port)
    arguments = [sys.executable, "-m", "conformance.reference", loaded.name, "--host", host, "--port", str(port)]
    canary = _free_port()
    arguments += ["--media-origin", f"http://127.0.0.1:{canary}"]
    arguments += [*(("--fault", fault) if fault else ()), *(("--variant", variant) if variant else ())]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            _, said = process.communicate()
            raise UsageError(
                Fault(
                    "the reference server did not start",
                    where="serve",
                    got=said.strip().splitlines()[-1] if said.strip() else f"exit {process.returncode}",
                    expected="an address that is free, and names from --list",
                    move=f"conformance serve {contract} --list",
                )
            )
        for told in _greet(loaded, json.loads(line), canary, fault or variant):
            click.echo(told)
        sys.stdout.flush()
        process.wait()
    except KeyboardInterrupt:
        click.echo("\nstopped", err=True)
    finally:
        process.terminate()
        process.communicate()
    return 0


def check_provider(name: str) -> None:
    """
    See that the contract *name* has a reference server. Raises UsageError.
    """
    from conformance.reference.__main__ import PROVIDERS

    if name not in PROVIDERS:
        raise UsageError(
            Fault(
                "this contract has no reference server",
                where="CONTRACT",
                got=name,
                expected=", ".join(PROVIDERS),
                move="judge a server of your own with --target",
            )
        )


def _greet(contract: Contract, ready: dict[str, Any], canary: int, odd: str | None) -> Iterator[str]:
    base_url = ready["base_url"]
    names = {
        role: contract.authentication["key_env"] if role == "main" else f"REFERENCE_{role.upper()}_KEY"
        for role in ready.get("keys", {})
    }
    kind = f"with {odd}" if odd else "sound"
    yield f"The reference server of {contract.title} ({kind}) listens at"
    yield f"  {base_url}"
    yield ""
    yield "Its keys are for tests only:"
    for role, key in ready.get("keys", {}).items():
        yield f"  export {names[role]}={key}"
    operation = contract.operations[contract.default_operation]
    form = contract.authentication["forms"][contract.authentication["default"]]
    (header, value), *_ = form.items()
    shown = value.replace("${KEY}", f"${names['main']}")
    body = {k: v for k, v in (operation.body or {}).items() if not str(v).startswith("$")}
    yield ""
    yield "Ask it:"
    lister = next((o for o in contract.operations.values() if o.method == "GET"), None)
    if lister is not None:
        yield f'  curl -sS -H "{header}: {shown}" {base_url}{lister.path}'
    fields = json.dumps({"model": "MODEL", **body})
    yield f'  curl -sS -H "{header}: {shown}" -H "Content-Type: application/json" \\'
    yield f"    -d '{fields}' {base_url}{operation.path}"
    yield ""
    yield f"Judge it: conformance run {contract.name} --target {base_url}"
    yield "Or, with every witness, save these lines as target.yaml, and conformance run --target target.yaml:"
    yield from (f"  {line}" for line in _target(contract, ready, canary, names))
    yield ""
    yield "Ctrl-C stops it."


def _target(contract: Contract, ready: dict[str, Any], canary: int, names: dict[str, str]) -> Iterator[str]:
    yield f"contract: {contract.name}"
    yield f"base_url: {ready['base_url']}"
    yield f"key_env: {names.get('main', contract.authentication['key_env'])}"
    further = {role: name for role, name in names.items() if role in contract.authentication.get("keys", {})}
    if further:
        yield "operator:"
        yield "  keys:"
        yield from (f"    {role}_env: {name}" for role, name in further.items())
    yield "witnesses:"
    yield f"  canary: {{listen: '127.0.0.1:{canary}'}}"
    if ready.get("clock"):
        yield f"  clock: {json.dumps(ready['clock'])}"
    yield "pace: {requests_per_second: null}"
    yield "budget: {requests: null, credits: null}"


def _list(name: str) -> int:
    from conformance.cli.columns import align, page_width
    from conformance.reference.__main__ import load_provider

    provider = load_provider(name)
    rows = [("fault", fault.name, fault.says) for fault in provider.faults()]
    rows += [("variant", variant.name, variant.says) for variant in provider.variants()]
    for line in align(rows, width=page_width()):
        click.echo(line)
    return 0


def _check_name(contract: str, kind: str, name: str | None) -> None:
    from conformance.reference.__main__ import load_provider

    if name is None:
        return
    provider = load_provider(contract)
    known = [one.name for one in (provider.faults() if kind == "fault" else provider.variants())]
    if name not in known:
        from difflib import get_close_matches

        from conformance.errors import shorten

        near = get_close_matches(name, known, n=4, cutoff=0.4)
        raise UsageError(
            Fault(
                f"the zoo has no {kind} of this name",
                where=f"--{kind}",
                got=shorten(name, limit=80),
                expected=f"one of {', '.join(near)}" if near else f"one of {len(known)} names",
                move=f"conformance serve {contract} --list",
            )
        )


def _check_port(host: str, port: int) -> None:
    from conformance.reference.serving import open_socket

    try:
        open_socket(host, port).close()
    except OSError as error:
        raise UsageError(
            Fault(
                "the server can't listen there",
                where="--port" if port else "--host",
                got=f"{host}:{port}: {error.strerror or error}",
                expected="an address of this machine with a free port",
                move="leave out --port to take a free one",
            )
        ) from None


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
