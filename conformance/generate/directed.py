"""
The directed cases: every request that a contract writes down or that one of its tables implies, made for one target.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from urllib.parse import quote

from conformance.contract.model import CaseTemplate, Clause, Contract, StepTemplate
from conformance.exchange import Request
from conformance.generate.body import RawNumber, encode
from conformance.generate.case import NONCE_LENGTH, Case, Gap, Step
from conformance.generate.classify import Classifier
from conformance.generate.forms import ABSENT, Environment, MissingFact, fill
from conformance.generate.later import split_marks
from conformance.generate.multipart import encode_form

__all__ = ["Workshop"]

Data = Mapping[str, Any]


@dataclass(slots=True)
class Workshop:
    """
    Makes cases for one target.

    *facts* is what was read from the target. *key_names* maps a key's name in the contract (``main``, ``revoked``, …)
    to the name of its secret at the wire. *image*, *video* and *canary* hand out media URLs. *available* says of each
    need (``ledger``, ``key.revoked``, ``model.dimensions``, …) whether it is met: None, or what to supply.
    """

    contract: Contract
    facts: Mapping[str, Any]
    key_names: Mapping[str, str]
    available: Callable[[str], str | None]
    image: Callable[[int, int | None], str]
    video: Callable[[int], str]
    canary_url: Callable[[str], str] | None
    seed: int = 0
    classifier: Classifier = field(init=False)

    def __post_init__(self) -> None:
        self.classifier = Classifier(self.contract, self.environment("0" * NONCE_LENGTH))

    def nonce(self) -> str:
        """
        Return a nonce that no run has used.

        It is not drawn from the seed: an idempotency key that an earlier run of the same seed sent would be replayed.
        """
        return secrets.token_hex(NONCE_LENGTH // 2)

    def environment(self, nonce: str, variables: Mapping[str, Any] | None = None) -> Environment:
        """
        Return what templates of one case may refer to.
        """
        count = 0

        def canary(suffix: str | None) -> tuple[str, str]:
            nonlocal count
            count += 1
            token = f"{nonce}-{count}"
            url = self.canary_url(token) if self.canary_url else f"https://canary.invalid/canary/{token}.png"
            # The canary serves nothing under any other path.
            return token, url.replace("/canary/", "/missing/") if suffix == "missing" else url

        def key(options: Mapping[str, Any]) -> str:
            name, chars = str(options.get("name", "k")), options.get("chars")
            start, end = str(options.get("starts", "")), str(options.get("ends", ""))
            text = f"{start}{nonce}-{name}{end}"
            if chars is not None:
                text = (
                    f"{start}{nonce}"[: int(chars)]
                    if int(chars) < NONCE_LENGTH
                    else (start + nonce).ljust(int(chars) - len(end), "x") + end
                )
            return text

        return Environment(self.facts, self.contract.parts, dict(variables or {}), self.image, self.video, canary, key)

    def cases(self, clause: Clause, templates: tuple[CaseTemplate, ...] | None = None) -> Iterator[Case | Gap]:
        """
        Yield the cases of a clause, or a gap for each one that this target can't be asked.
        """
        missing = [supply for need in clause.needs if (supply := self.available(need)) is not None]
        if missing:
            yield Gap(clause.id, "", "what it needs is missing", "\n".join(dict.fromkeys(missing)))
            return
        for template in clause.cases if templates is None else templates:
            lacking = [(need, supply) for need in template.needs if (supply := self.available(need)) is not None]
            hard = [supply for need, supply in lacking if not (need == "media" and template.distinguishes)]
            if hard:
                yield Gap(clause.id, template.name, "what it needs is missing", "\n".join(hard))
                continue
            yield from self._fan_out(clause, template)

    def _fan_out(self, clause: Clause, template: CaseTemplate) -> Iterator[Case | Gap]:
        fixed = [(name, value) for name, value in template.bind if not name.startswith("*")]
        pools: list[list[tuple[str, Any]]] = []
        try:
            for name, value in template.bind:
                if name.startswith("*"):
                    opened = fill(value, self.environment("0" * NONCE_LENGTH))
                    pools.append([(name[1:], item) for item in (opened if isinstance(opened, list) else [opened])])
        except MissingFact as missing:
            yield Gap(
                clause.id, template.name, f"the target gives no {missing.name}", self.available(missing.name) or ""
            )
            return
        for chosen in product(*pools):
            variables = dict([*fixed, *chosen])
            label = "".join(f".{value}" for _, value in chosen)
            yield self.make(clause, template, f"{template.name}{label}", variables)

    def make(self, clause: Clause, template: CaseTemplate, name: str, variables: dict[str, Any]) -> Case | Gap:
        """
        Return one case of *template* with its variables filled in, or the gap that keeps it from being made.
        """
        nonce = self.nonce()
        env = self.environment(nonce, variables)
        try:
            steps = tuple(self.step(step, env) for step in template.steps)
            twin = None
            if template.twin is not None:
                twin = self._twin(template, nonce, {**variables, **dict(template.twin_bind)})
        except MissingFact as missing:
            return Gap(clause.id, name, f"the target gives no {missing.name}", self.available(missing.name) or "")
        if template.trigger is not None:
            last = steps[-1]
            found = self.classifier.classify(last.operation, last.body)
            if found.triggers != (template.trigger,) or found.zones:
                extra = ", ".join((*found.triggers, *found.zones)) or "nothing"
                return Gap(
                    clause.id, name, "" if template.optional else f"for this target the request would break {extra}"
                )
        return Case(
            id=f"{clause.id}/{name}",
            clause=clause.id,
            steps=steps,
            nonce=nonce,
            twin=twin,
            distinguishes=template.distinguishes,
            trigger=template.trigger,
            or_refused=template.or_refused,
            weight=template.weight,
        )

    def _twin(self, template: CaseTemplate, nonce: str, variables: dict[str, Any]) -> Step:
        """
        Return the nearest valid request: the case's own one with its offending part replaced, or the row's.
        """
        twin: Data = template.twin or {}
        send = template.steps[-1].send or {}
        extras = {name: item for name, item in send.get("body", {}).items() if name not in twin.get("body", {})}
        if extras and twin.get("body"):
            near = {**twin, "body": {**extras, **twin["body"]}}
            step = self.step(StepTemplate("twin", near, {"success": True}), self.environment(nonce, variables))
            if self.classifier.classify(step.operation, step.body).accepted:
                return step
        return self.step(StepTemplate("twin", twin, {"success": True}), self.environment(nonce, variables))

    def step(self, template: StepTemplate, env: Environment) -> Step:
        """
        Return one step with its request made. Raises MissingFact.
        """
        also = tuple((clause, fill(expect, env)) for clause, expect in template.also)
        common: dict[str, Any] = {
            "expect": fill(template.expect, env),
            "also": also,
            "times": template.times,
            "together": template.together,
            "of_all": None if template.of_all is None else fill(template.of_all, env),
            "clock": template.clock,
            "wait": template.wait,
            "settle": template.settle,
            "until": None if template.until is None else fill(template.until, env),
            "within": template.within,
            "due": template.due,
            "given": template.given,
        }
        if template.send is None:
            return Step(template.name, self.contract.default_operation, None, **common)
        before = len(env.tokens)
        operation, request, body, key, key_header = self.request(template.send, env)
        tokens = tuple(env.tokens[before:])
        common |= {"client": template.send.get("client"), "retries": template.send.get("retries", 2)}
        return Step(template.name, operation, request, body, key=key, key_header=key_header, tokens=tokens, **common)

    def request(self, send: Data, env: Environment) -> tuple[str, Request, Any, str, str | None]:
        """
        Return operation, request, body value, key name and the header for a fresh idempotency key. Raises MissingFact.
        """
        operation = self.contract.operations[send.get("operation", self.contract.default_operation)]
        key = send.get("key", "main")
        headers = self._headers(send, key, env, with_body=operation.body is not None or "body" in send)
        body, content = self._body(send, operation.body, env)
        if "multipart" in send:
            form = fill(send["multipart"], env)
            content, headers["Content-Type"] = encode_form(form, f"form-{'0' * NONCE_LENGTH}")
        key_header = operation.idempotency_key
        given = {name.lower() for name in send.get("headers", {})}
        if key_header and key_header.lower() in given:
            key_header = None
        request = Request(
            method=send.get("method", operation.method),
            target=self._target(str(fill(send.get("path", operation.path), env)), send, env),
            headers=tuple(headers.items()),
            body=content,
            connection=send.get("connection", "pooled"),
        )
        return operation.name, request, body, key, key_header

    def path(self, template: str) -> str:
        """
        Return a path with the target's variables in it. Raises MissingFact.
        """
        return self._target(template, {}, self.environment("0" * NONCE_LENGTH))

    def _target(self, path: str, send: Data, env: Environment) -> str:
        """
        Return a path with the target's variables, or those of the request, in the places that it leaves for them.
        """

        def value(match: re.Match[str]) -> str:
            name = match[1]
            found = fill(send["vars"][name], env) if name in send.get("vars", {}) else env.lookup(f"vars.{name}")
            # A mark is quoted when it is filled in.
            pieces = split_marks(str(found))
            return "".join(piece if piece.startswith("%{") else quote(piece, safe="") for piece in pieces)

        return re.sub(r"(?<!%)\{(\w+)\}", value, path)

    def _headers(self, send: Data, key: str, env: Environment, *, with_body: bool) -> dict[str, str]:
        headers = dict(self.contract.headers) if with_body else {}
        authentication = self.contract.authentication
        main = self.key_names.get("main", "")
        if key != "none" and (key != "main" or main):
            form = authentication["forms"][send.get("form", authentication["default"])]
            value = str(authentication["stranger"]) if key == "stranger" else "${" + self._secret(key) + "}"
            headers.update({name: text.replace("${KEY}", value) for name, text in form.items()})
        for name, value in send.get("headers", {}).items():
            for present in [h for h in headers if h.lower() == name.lower()]:
                del headers[present]
            if value is not None:
                text = str(fill(value, env))
                # ${KEY:cut} and its like are secrets of their own, which the wire knows as NAME__cut.
                headers[name] = re.sub(
                    r"\$\{KEY(?::(\w+))?\}", lambda m: "${" + main + (f"__{m[1]}" if m[1] else "") + "}", text
                )
        return headers

    def _secret(self, key: str) -> str:
        if key not in self.key_names:
            raise MissingFact(f"key.{key}")
        return self.key_names[key]

    def _body(self, send: Data, base: Data | None, env: Environment) -> tuple[Any, bytes | None]:
        if "raw" in send:
            return None, str(send["raw"]).encode("utf-8", "surrogatepass")
        if "raw_hex" in send:
            return None, bytes.fromhex(send["raw_hex"])
        if "raw_repeat" in send:
            return None, str(send["raw_repeat"]["text"]).encode() * int(send["raw_repeat"]["times"])
        if base is None and "body" not in send:
            return None, None
        merged = dict(base or {}) | dict(send.get("body", {}))
        body = {name: value for name, item in merged.items() if (value := fill(item, env)) is not ABSENT}
        return body, encode(body, vary=send.get("vary"))


def spelled(value: Any) -> bool:
    """
    Whether a body holds a number in a spelling of its own, which a shrinker must leave alone.
    """
    if isinstance(value, RawNumber):
        return True
    if isinstance(value, dict):
        return any(spelled(item) for item in value.values())
    return isinstance(value, list) and any(spelled(item) for item in value)
