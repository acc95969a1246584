"""
Proves the suite against the reference server: every fault found by a clause it is for and by no other, no alarm for a
conforming variant, nothing passed for a server without sense, and no harm from a server that means some.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from conformance.contract import Contract, load_contract
from conformance.engine.embedded import embedded_target, nursed_target
from conformance.engine.nursery import Nursery, can_fork
from conformance.engine.run import Options, run
from conformance.engine.target import Target
from conformance.errors import ConformanceError

__all__ = ["Matrix", "Result", "Specimen", "chosen", "selftest", "specimens"]


@dataclass(frozen=True, slots=True)
class Specimen:
    """
    One server to be judged: *kind* is ``sound``, ``fault``, ``variant``, ``null`` or ``hostile``; *breaks* are patterns
    of the clauses that a fault is for, the first of which it is there to prove.
    """

    kind: str
    name: str
    says: str = ""
    breaks: tuple[str, ...] = ()
    broken_witness: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """
    What the suite said of a specimen. *broken* are the clauses that failed or warned, *passed* counts the kept ones.
    *unstable* says that it was right only when it was repeated.
    """

    specimen: Specimen
    exit: int
    broken: tuple[str, ...]
    passed: int
    seconds: float
    requests: int
    problem: str = ""
    budget: str = ""
    unstable: bool = False

    @property
    def found(self) -> tuple[str, ...]:
        return tuple(c for c in self.broken if any(fnmatchcase(c, pattern) for pattern in self.specimen.breaks))

    @property
    def stray(self) -> tuple[str, ...]:
        return tuple(c for c in self.broken if c not in self.found)

    @property
    def right(self) -> bool:
        """
        Whether the suite judged the specimen as it has to.
        """
        if self.problem:
            return False
        if self.specimen.kind == "fault":
            return bool(self.found) and not self.stray
        if self.specimen.kind in ("variant", "sound"):
            return not self.broken and self.passed > 0 and self.exit in (0, 3)
        return self.passed == 0 and self.exit in (1, 2, 3)


@dataclass(slots=True)
class Matrix:
    """
    The kill matrix: all results, and which clauses have a fault that they found.
    """

    contract: str
    results: list[Result] = field(default_factory=list)

    @property
    def right(self) -> bool:
        return all(result.right for result in self.results)

    def proven(self) -> frozenset[str]:
        """
        Return the clauses that found a fault which is there for them.
        """
        return frozenset(clause for r in self.results if r.specimen.kind == "fault" for clause in r.found)


def specimens(contract: str) -> list[Specimen]:
    """
    Return every server of a contract's zoo, the sound one first.
    """
    from conformance.reference.__main__ import load_provider
    from conformance.reference.hostile import list_hostiles
    from conformance.reference.nulls import list_nulls

    provider = load_provider(contract)
    made = [Specimen("sound", "sound", "The reference server as it is.")]
    made += [Specimen("fault", fault.name, fault.says, tuple(fault.breaks)) for fault in provider.faults()]
    made += [Specimen("variant", v.name, v.says, broken_witness=v.witness == "broken") for v in provider.variants()]
    made += [Specimen("null", name, says) for name, says in list_nulls().items()]
    made += [Specimen("hostile", name, says) for name, says in list_hostiles().items()]
    return made


def judge_specimen(contract_name: str, specimen: Specimen, budget: str | None, seed: int) -> Result:
    """
    Start a specimen, judge it, and return what was said of it. Runs in a worker process.

    Without a *budget* a fault is judged with the quick one first and with the standard one when that did not find it;
    everything else, where the question is what must not be said, is judged with the standard one.
    """
    if budget is not None:
        return _judge(contract_name, specimen, budget, seed)
    result = _escalate(contract_name, specimen, seed)
    if result.right:
        return result
    # As with a target, what is seen once is repeated before it is believed.
    again = _judge(contract_name, specimen, "standard", seed + 1)
    return replace(again, unstable=True) if again.right else result


def _escalate(contract_name: str, specimen: Specimen, seed: int) -> Result:
    if specimen.kind in ("fault", "null", "hostile"):
        result = _judge(contract_name, specimen, "quick", seed)
        if result.right or specimen.kind != "fault" or result.stray:
            return result
    return _judge(contract_name, specimen, "standard", seed)


@cache
def _contract(name: str) -> Contract:
    return load_contract(name)


@cache
def _nursery(name: str) -> Nursery:
    return Nursery(name)


def _target(contract: Contract, *options: str, timeout: float, media: bool) -> AbstractContextManager[Target]:
    if can_fork():
        return nursed_target(_nursery(contract.name), contract, *options, timeout=timeout, media=media)
    return embedded_target(contract, *options, timeout=timeout, media=media)


def _judge(contract_name: str, specimen: Specimen, budget: str, seed: int) -> Result:
    contract = _contract(contract_name)
    options = [] if specimen.kind == "sound" else [f"--{specimen.kind}", specimen.name]
    lines: list[dict[str, Any]] = []
    began = time.monotonic()
    senseless = specimen.kind in ("null", "hostile")
    try:
        # What a server does with URLs can be judged only while none of ours has to be let through.
        media = not any(pattern.startswith("url.") for pattern in specimen.breaks)
        with _target(contract, *options, timeout=1.0 if senseless else 10.0, media=media) as target:
            keep = ("clause", "footer")
            code = asyncio.run(
                run(
                    contract,
                    target,
                    Options(budget=budget, seed=seed, shrinking=False, clients=_calls_clients(specimen)),
                    lambda line: lines.append(line) if line["kind"] in keep else None,
                )
            )
    except ConformanceError as problem:
        return Result(
            specimen, problem.exit_code, (), 0, time.monotonic() - began, 0, "" if senseless else str(problem), budget
        )
    told = [line for line in lines if line["kind"] == "clause"]
    broken = tuple(line["id"] for line in told if line["verdict"] in ("fail", "warn", "error"))
    passed = sum(1 for line in told if line["verdict"] == "pass")
    errors = [f"{line['id']}: {line['notes'][-1]}" for line in told if line["verdict"] == "error"]
    requests = next((line["requests"] for line in lines if line["kind"] == "footer"), 0)
    return Result(specimen, code, broken, passed, time.monotonic() - began, requests, "; ".join(errors[:2]), budget)


def _calls_clients(specimen: Specimen) -> bool:
    # A library takes longer to start than a whole quick run, so it is called where it has something to show.
    return any(pattern.startswith("client.") for pattern in specimen.breaks)


def selftest(
    contract: str,
    *,
    names: tuple[str, ...] = (),
    kinds: tuple[str, ...] = (),
    budget: str | None = None,
    seed: int = 0,
    jobs: int | None = None,
    own: bool = False,
    cover: bool = False,
    watch: Callable[[Result], None] = lambda result: None,
) -> Matrix:
    """
    Judge the specimens whose name matches *names* (all when empty), *jobs* at a time, and return the kill matrix. *own*
    leaves out the faults and variants that the zoo of the contract has which this one extends; *cover* takes one fault
    of those that are there for the same clause.
    """
    taken = chosen(contract, names, kinds, own=own, cover=cover)
    matrix = Matrix(contract)
    with ProcessPoolExecutor(max_workers=jobs or os.cpu_count() or 1) as pool:
        futures = [pool.submit(judge_specimen, contract, specimen, budget, seed) for specimen in taken]
        for future in as_completed(futures):
            result = future.result()
            matrix.results.append(result)
            watch(result)
    order = {(s.kind, s.name): i for i, s in enumerate(taken)}
    matrix.results.sort(key=lambda r: order[r.specimen.kind, r.specimen.name])
    return matrix


def chosen(
    contract: str, names: tuple[str, ...], kinds: tuple[str, ...], *, own: bool = False, cover: bool = False
) -> list[Specimen]:
    """
    Return the specimens of those names (patterns) and kinds, all where none are given; see :func:`selftest`.
    """
    taken = list(_chosen(contract, names, kinds))
    base = _contract(contract).extends if own else ""
    shared = {(one.kind, one.name) for one in specimens(base) if one.kind in ("fault", "variant")} if base else set()
    taken = [one for one in taken if (one.kind, one.name) not in shared]
    if not cover:
        return taken
    first = {one.breaks[:1]: one for one in reversed(taken) if one.kind == "fault"}
    return [one for one in taken if one.kind != "fault" or first[one.breaks[:1]] is one]


def _chosen(contract: str, names: tuple[str, ...], kinds: tuple[str, ...]) -> Iterator[Specimen]:
    for specimen in specimens(contract):
        if kinds and specimen.kind not in kinds:
            continue
        if not names or any(fnmatchcase(specimen.name, pattern) for pattern in names):
            yield specimen
