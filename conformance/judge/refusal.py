"""
A refusal counts only for its reason: status and type and code and param.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.contract.model import Contract
from conformance.errors import shorten
from conformance.judge.view import MISSING, View, pointer
from conformance.verdict import Finding

__all__ = ["Refusal", "refusal_of"]

_ANY = 100  # how many statuses say that a request is refused


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    The refusals that are right: *codes* None means any, *types* None means any.
    """

    status: frozenset[int]
    types: frozenset[str] | None
    codes: frozenset[str] | None
    field: str | None

    def describe(self) -> str:
        status = "any 4xx" if len(self.status) == _ANY else " or ".join(map(str, sorted(self.status)))
        type_ = f" {' or '.join(sorted(self.types))}" if self.types else ""
        codes = f" with code {' or '.join(sorted(self.codes))}" if self.codes else ""
        return f"a refusal: {status}{type_}{codes}"

    def judge(self, view: View, contract: Contract) -> Iterator[Finding]:
        """
        Yield what keeps the answer from being this refusal.
        """
        if not view.answered:
            failure = view.exchange.failure
            yield Finding(self.describe(), f"no answer: {failure.detail if failure else 'nothing'}", "status")
            return
        if view.status not in self.status:
            yield Finding(self.describe(), f"{view.status}{_gist(view, contract)}", "status", _why(view))
            return
        shape = contract.refusal
        type_ = pointer(view.document, shape["type"])
        code = pointer(view.document, shape["code"])
        if self.types is not None and not (isinstance(type_, str) and type_ in self.types):
            yield Finding(f"type {' or '.join(sorted(self.types))}", _seen(type_), f"body:{shape['type']}")
        if self.codes is not None and not (isinstance(code, str) and code in self.codes):
            why = "clients branch on the code" if isinstance(code, str) else ""
            yield Finding(f"code {' or '.join(sorted(self.codes))}", _seen(code), f"body:{shape['code']}", why)
        param = pointer(view.document, shape["param"]) if "param" in shape else MISSING
        if self.field is not None and isinstance(param, str) and not names_field(param, self.field):
            yield Finding(
                f"param {self.field}, a path that starts with it, or none", _seen(param), f"body:{shape['param']}"
            )


def names_field(param: str, field: str) -> bool:
    """
    Whether *param* is the field, or a path into it (``input[3]``, ``input.0.text``, ``$.input``, ``/input/0``).
    """
    bare = (
        param.lstrip("$/.").replace("body.", "", 1) if param.startswith(("body.", "$.body.")) else param.lstrip("$/.")
    )
    return bare == field or (bare.startswith(field) and bare[len(field)] in "[./")


def refusal_of(argument: Any, contract: Contract) -> Refusal:
    """
    Read a contract's ``refusal``: ``any``, a code, a list of codes, or ``{codes, status, type, param, like}``;
    *like* are codes whose status and type are asked for where the code itself may be any.
    """
    if isinstance(argument, Mapping):
        codes, status, type_ = argument.get("codes", "any"), argument.get("status"), argument.get("type")
        param = argument.get("param")
        field = param.get("field") if isinstance(param, Mapping) else param
    else:
        codes, status, type_, field = argument, None, None, None
    names = None if codes == "any" else [codes] if isinstance(codes, str) else list(codes)
    like = argument.get("like", ()) if isinstance(argument, Mapping) else ()
    rows = [contract.errors[name] for name in names or like if name in contract.errors]
    if status is None:
        status = [s for row in rows for s in row.status] or list(range(400, 400 + _ANY))
    if type_ is None:
        types = frozenset(row.type for row in rows) or None
    else:
        types = None if type_ == "any" else frozenset([type_] if isinstance(type_, str) else type_)
    return Refusal(frozenset(status), types, None if names is None else frozenset(names), field)


def _gist(view: View, contract: Contract) -> str:
    code = pointer(view.document, contract.refusal["code"])
    if view.success:
        return ", a success"
    return f" with code {shorten(code, limit=60)}" if isinstance(code, str) else ""


def _why(view: View) -> str:
    return "the request is served although it must not be" if view.success else ""


def _seen(value: Any) -> str:
    return "nothing" if value is MISSING else shorten(value, limit=80)
