"""
What a judgement may look at beside the exchange itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.contract.model import Contract
from conformance.judge.view import View

__all__ = ["ExcusedError", "Memory", "Scene", "UnjudgeableError"]


# Two calls of one real service drift by up to 1e-4 a component and half precision moves a cosine to 0.9995; the vector
# of another text stays below this. A contract may say otherwise.
_SAME_TEXT = 0.999
_OTHER_TEXT = 0.9999


class UnjudgeableError(Exception):
    """
    Raised when an answer lacks what a judgement would compare; another clause says what is wrong with it.
    """


class ExcusedError(UnjudgeableError):
    """
    Raised when an answer is one that the clause leaves to another: it was not kept here, only judged there.
    """


@dataclass(slots=True)
class Memory:
    """
    What clauses about the whole run remember: values that were seen (as hashes), and each model's vector width.
    *constant* says that two texts of no likeness got the same vector, so that no change can be seen in one.
    """

    seen: dict[str, set[int]] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)
    constant: bool = False


@dataclass(slots=True)
class Scene:
    """
    The surroundings of one answer: the contract, the steps before it, the run's memory, and the effects that witnesses
    saw. *charged* is what the balance lost (None when nobody looked), *tolerance* how exactly that is known, *costs*
    what earlier steps took from it, *fetches* how often each canary URL was fetched.
    """

    contract: Contract
    memory: Memory
    steps: Mapping[str, View] = field(default_factory=dict)
    charged: float | None = None
    tolerance: float = 1e-9
    group: tuple[View, ...] = ()
    counted: float | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    fetches: Mapping[str, int] | None = None

    @property
    def same_text(self) -> float:
        """
        From which cosine on two vectors are those of one text.
        """
        return float(self.contract.tolerances.get("same_text", {}).get("cosine", _SAME_TEXT))

    @property
    def other_text(self) -> float:
        """
        Above which cosine two vectors can't be told apart by any search.
        """
        return float(self.contract.tolerances.get("other_text", {}).get("cosine", _OTHER_TEXT))
