"""
What a judgement may look at beside the exchange itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.contract.model import Contract
from conformance.judge.view import View

__all__ = ["Memory", "Scene", "UnjudgeableError"]


class UnjudgeableError(Exception):
    """
    Raised when an answer lacks what a judgement would compare; another clause says what is wrong with it.
    """


@dataclass(slots=True)
class Memory:
    """
    What clauses about the whole run remember: values that were seen (as hashes), and each model's vector width.
    """

    seen: dict[str, set[int]] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Scene:
    """
    The surroundings of one answer: the contract, the steps before it, the run's memory, and the effects that witnesses
    saw. *charged* is what the balance lost (None when nobody looked), *tolerance* how exactly that is known, *fetches*
    how often each canary URL was fetched.
    """

    contract: Contract
    memory: Memory
    steps: Mapping[str, View] = field(default_factory=dict)
    charged: float | None = None
    tolerance: float = 1e-9
    group: tuple[View, ...] = ()
    fetches: Mapping[str, int] | None = None
