"""
What a command is aimed at: a contract, and a target from a file, from an address, or the reference server.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.cli.boundary import boundary
from conformance.cli.slips import remember_slip, remember_slips
from conformance.errors import Fault, UsageError, shorten

if TYPE_CHECKING:
    from conformance.contract import Contract
    from conformance.engine.target import Target

__all__ = ["Aim", "aim_options"]


@dataclass(frozen=True, slots=True)
class Aim:
    """
    The target options of one command, as they were given.
    """

    target: str | None
    reference: bool
    key_env: str | None = None
    model: str | None = None
    requests_per_second: float | None = None
    in_flight: int | None = None

    def check(self, *, needed: bool = True) -> None:
        """
        Refuse options that contradict each other. Raises UsageError.
        """
        if self.target is not None and self.reference:
            raise _both("--target", "--reference", "one server at a time")
        if self.target is None and not self.reference and needed:
            raise UsageError(
                Fault(
                    "no target is given",
                    where="--target",
                    expected="--target with a file or a URL, or --reference for the contract's own server",
                    move="conformance run CONTRACT --reference",
                )
            )
        if self.key_env is not None and self.reference:
            raise _both("--key-env", "--reference", "the reference server has keys of its own")
        if self.key_env is not None and self.target is not None and not _is_url(self.target):
            raise _both("--key-env", "a target file", "the file itself names its key, as key_env")

    def contract(self, name: str | None) -> Contract:
        """
        Return the contract called *name*, or else the one that the target file names. Raises UsageError.
        """
        from conformance.contract import contract_names, load_contract

        if name is None and self.target is not None and not _is_url(self.target):
            remember_slips(Path(self.target))
            name = _named_contract(Path(self.target))
        if name is None:
            raise UsageError(
                Fault(
                    "no contract is given",
                    where="CONTRACT",
                    expected=f"one of {', '.join(contract_names())}, a folder, or a target file with the key contract",
                    move="conformance list",
                )
            )
        return load_contract(name)

    @contextmanager
    def open(self, contract: Contract) -> Iterator[Target]:
        """
        Yield the target; the reference server lives as long as the block. Raises UsageError.
        """
        if self.reference:
            from conformance.cli.serving import check_provider
            from conformance.engine.embedded import embedded_target

            check_provider(contract.name)
            with embedded_target(contract) as target:
                yield self._with_flags(target)
        else:
            yield self._with_flags(self.read(contract))

    @property
    def given(self) -> bool:
        """
        Whether a server is named at all.
        """
        return self.reference or self.target is not None

    def read(self, contract: Contract) -> Target:
        """
        Return the target that a file or an address describes. Raises UsageError.
        """
        from conformance.engine.target import read_target, simple_target

        assert self.target is not None
        if not _is_url(self.target):
            path = Path(self.target)
            _check_file(path, self.target)
            remember_slips(path)
            # An application in this process is imported as `python -m` would: the working folder counts.
            if "" not in sys.path and str(Path.cwd()) not in sys.path:
                sys.path.append(str(Path.cwd()))
            return read_target(path, contract)
        from dataclasses import replace

        from conformance.wire.address import Address

        remember_slip("--target", self.target)
        remember_slip("--key-env", self.key_env)
        address = Address(self.target)
        target = simple_target(contract, base_url=self.target, key_env=self.key_env)
        return replace(target, requests_per_second=None) if _is_loopback(address.host) else target

    def _with_flags(self, target: Target) -> Target:
        from conformance.engine.target import with_overrides

        boundary().remember(target.secrets)
        model = None if self.model == "auto" else self.model
        return with_overrides(
            target, model=model, requests_per_second=self.requests_per_second, in_flight=self.in_flight
        )


def aim_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """
    Give a command the target options, as its parameter *aim*.
    """

    @wraps(function)
    def aimed(
        *args: Any,
        target: str | None,
        reference: bool,
        key_env: str | None,
        model: str | None,
        requests_per_second: float | None,
        in_flight: int | None,
        **options: Any,
    ) -> Any:
        aim = Aim(target, reference, key_env, model, requests_per_second, in_flight)
        return function(*args, aim=aim, **options)

    command: Callable[..., Any] = aimed
    for option in reversed(
        (
            click.option("--target", metavar="FILE|URL", help="The server under test: a target file, or its address."),
            click.option(
                "--reference", is_flag=True, help="The contract's own reference server, started for this run."
            ),
            click.option("--key-env", metavar="NAME", help="Environment variable that holds the key, with a URL."),
            click.option("--model", metavar="SLUG", help="Model under test  [default: the first that fits]"),
            click.option(
                "--requests-per-second",
                type=click.FloatRange(min=0, min_open=True),
                metavar="X",
                help="At most so many requests a second  [default: 50; none for a loopback address]",
            ),
            click.option(
                "--in-flight",
                type=click.IntRange(1, 512),
                metavar="N",
                help="At most so many requests at a time  [default: 16]",
            ),
        )
    ):
        command = option(command)
    return command


def _both(one: str, other: str, why: str) -> UsageError:
    return UsageError(
        Fault(f"{one} and {other} contradict each other", where=one, expected=why, move="leave out one of them")
    )


def _is_url(target: str) -> bool:
    return "://" in target


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check_file(path: Path, given: str) -> None:
    if not path.exists():
        looks_like = (
            f"write it as http://{given} when it is an address" if ":" in given or "." in given else "check the path"
        )
        raise UsageError(
            Fault(
                "there is no such target file",
                where="--target",
                got=shorten(given),
                expected="a YAML file, or a URL with http:// or https://",
                move=looks_like,
            )
        )


def _named_contract(path: Path) -> str | None:
    from conformance.contract.document import read_document

    _check_file(path, str(path))
    value = read_document(path).value
    if not isinstance(value, dict):
        raise UsageError(
            Fault(
                "the target file is not a mapping",
                where=f"{path}:1",
                got="nothing" if value is None else shorten(value, limit=60),
                expected="keys such as contract and base_url",
                move="write base_url: http://… on a line of its own",
            )
        )
    name = value.get("contract")
    return name if isinstance(name, str) else None
