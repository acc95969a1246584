"""
Predicates about what an answer does not show: what it cost, and what was fetched for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from conformance.judge.scene import Scene, UnjudgeableError
from conformance.judge.view import View, finite, pointer
from conformance.verdict import Finding

__all__ = ["EFFECTS", "owed"]

Predicate = Callable[[Any, View, Scene], Iterator[Finding]]


def _charge(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    if scene.charged is None:
        raise UnjudgeableError("the balance was not read")
    views = scene.group or (view,)
    if isinstance(argument, Mapping):
        yield from _charged_beside(argument, scene.charged, scene)
        return
    expected = owed(argument, views, scene)
    if abs(scene.charged - expected) > scene.tolerance:
        why = (
            "the client pays for what it did not get"
            if scene.charged > expected
            else "the answer claims more than it cost"
        )
        shown = "the balance to stay as it was" if expected == 0 else f"the balance to lose {expected:.6f}"
        yield Finding(shown, f"it lost {scene.charged:.6f}", "ledger", why)


def owed(argument: Any, views: Sequence[View], scene: Scene) -> float:
    """
    Return what answers should have cost together: nothing (0), what the new ones say, or what the first of these says
    (``once``). Raises UnjudgeableError when an answer says no number.
    """
    if argument == 0:
        return 0.0
    path = views[0].operation.charge or ""
    costs = [finite(pointer(view.document, path)) for view in views if view.success and not _replayed(view, scene)]
    reported = [cost for cost in costs if cost is not None]
    if len(reported) < len(costs):
        raise UnjudgeableError(f"{path} is no number")
    return sum(reported[:1] if argument == "once" else reported)


def _charged_beside(argument: Any, charged: float, scene: Scene) -> Iterator[Finding]:
    """
    Judge a charge against a number (``more_than``), or against so many times that of an earlier step.
    """
    if "counted" in argument:
        if scene.counted is None:
            raise UnjudgeableError("the ledger has no number that every request moves")
        if scene.counted < argument["counted"]:
            yield Finding(f"{argument['counted']} more requests in the ledger", f"{scene.counted:g}", "ledger")
        return
    if "more_than" in argument:
        if charged <= argument["more_than"] + scene.tolerance:
            yield Finding(f"a charge of more than {argument['more_than']}", f"{charged:.6f}", "ledger")
        return
    base = scene.costs.get(argument["step"])
    if not base or base <= scene.tolerance:
        raise UnjudgeableError(f"what {argument['step']} cost is not known")
    wanted = argument["times"] * base
    if abs(charged - wanted) > max(2 * scene.tolerance, 0.01 * wanted):
        yield Finding(
            f"{argument['times']} times what {argument['step']} cost, {wanted:.6f}", f"{charged:.6f}", "ledger"
        )


def _replayed(view: View, scene: Scene) -> bool:
    marks = scene.contract.refusal.get("replay_marks", ())
    return any(view.exchange.header(name) is not None for name in marks)


def _fetched(argument: Any, view: View, scene: Scene) -> Iterator[Finding]:
    if scene.fetches is None:
        raise UnjudgeableError("no canary was up")
    if argument == "none":
        fetched = sum(1 for count in scene.fetches.values() if count)
        if fetched:
            yield Finding(
                "nothing to be fetched",
                f"{fetched} of {len(scene.fetches)} media URLs were fetched",
                "canary",
                "a refused request makes the server call out",
            )
    else:
        missing = sum(1 for count in scene.fetches.values() if not count)
        if missing:
            yield Finding("every media URL to be fetched", f"{missing} of {len(scene.fetches)} were not", "canary")


EFFECTS: dict[str, Predicate] = {"charge": _charge, "fetched": _fetched}
