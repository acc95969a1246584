"""
Reading a request for embeddings: what is asked for, or why it is refused.
"""

from __future__ import annotations

from typing import Any

from conformance.reference.documents import show
from conformance.reference.shape.behaviour import Behaviour
from conformance.reference.shape.call import Call, Item, Model, Wish
from conformance.reference.shape.dialect import Dialect
from conformance.reference.shape.refusals import Refused
from conformance.reference.shape.tokens import EMPTY, VOCABULARY, is_encodable

__all__ = ["Reader"]


def _as_integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


class Reader:
    """Reads the body of a request for embeddings."""

    def __init__(self, behaviour: Behaviour, dialect: Dialect) -> None:
        """Read by the rules of a provider, but for those that the server does not hold."""
        self._behaviour = behaviour
        self._dialect = dialect

    def _refuse(self, kind: str, message: str, param: str | None = None) -> None:
        if kind not in self._behaviour.unchecked:
            raise Refused(kind, message, param)

    def read(self, call: Call, document: Any) -> Wish:
        """
        Return what a document asks for.

        Raises:
            Refused: the document breaks a rule.
        """
        if not isinstance(document, dict):
            raise Refused("body.object", "The body must be a JSON object.")
        for name in document:
            if self._dialect.closed and name not in self._dialect.fields:
                self._refuse("field.unknown", f"Unknown parameter: '{show(name)}'.", show(name, limit=200))
        given = {name: value for name, value in document.items() if value is not None or name in ("model", "input")}
        model, named = self._read_model(call, given)
        items = self._read_input(call, given)
        wish = Wish(model, named, items)
        wish.base64 = self._read_format(given)
        wish.dimensions = self._read_dimensions(given, model)
        wish.user = self._read_user(given)
        wish.tier = self._read_tier(given)
        return wish

    def _read_model(self, call: Call, given: dict[str, Any]) -> tuple[Model, str]:
        default = self._dialect.models[0]
        if "model" not in given:
            self._refuse("model.missing", "You must provide a model parameter.", "model")
            return default, default.name
        named = given["model"]
        if not isinstance(named, str) or not is_encodable(named):
            self._refuse("model.type", "Invalid type for 'model': expected a string.", "model")
            return default, default.name
        if not named:
            self._refuse("model.empty", "'model' must not be empty.", "model")
            return default, default.name
        model = self._dialect.find_model(call, named)
        if model is None:
            message = f"The model '{show(named)}' does not exist or you do not have access to it."
            self._refuse("model.unknown", message, "model")
            return default, named
        if model.kind != "embedding":
            self._refuse("model.kind", f"The model '{model.name}' does not make embeddings.", "model")
        return model, named

    def _read_input(self, call: Call, given: dict[str, Any]) -> list[Item]:
        if "input" not in given:
            self._refuse("input.missing", "Missing required parameter: 'input'.", "input")
        value = given.get("input", "nothing")
        if self._behaviour.on_input is not None:
            value = self._behaviour.on_input(call, value)
        if isinstance(value, str):
            return [self._read_text(call, value, "input.empty_text", "input")]
        if not isinstance(value, list):
            raise Refused("input.type", "Invalid type for 'input': expected a string or an array.", "input")
        if not value:
            self._refuse("input.empty", "'input' must hold at least one item.", "input")
            return []
        if not isinstance(value[0], (str, list)):
            return [self._read_ids(call, value)]
        of_ids = isinstance(value[0], list)
        self._check_length(value, of_ids=of_ids)
        if of_ids:
            items = [self._read_ids(call, item) for item in value]
        else:
            items = [self._read_text(call, item, "input.blank_item", "input") for item in value]
        tokens = sum([len(item.ids) for item in items])
        if self._dialect.sum_cap and tokens > self._dialect.sum_cap:
            message = f"Requested {tokens} tokens, max {self._dialect.sum_cap} tokens per request."
            self._refuse("tokens.sum", message, "input")
        return items

    def _check_length(self, value: list[Any], *, of_ids: bool) -> None:
        behaviour = self._behaviour
        cap = behaviour.item_cap
        if of_ids and behaviour.ids_item_cap is not None:
            cap = behaviour.ids_item_cap
        if len(value) > cap:
            message = f"'input' has {len(value)} items; the maximum is {cap}."
            self._refuse("input.too_many", message, "input")

    def _read_text(self, call: Call, value: Any, empty: str, param: str) -> Item:
        if not isinstance(value, str):
            raise Refused("input.mixed", "The items of 'input' must all be of one kind.", param)
        if not value:
            self._refuse(empty, "'input' must not hold an empty string.", param)
            return Item((EMPTY,), value)
        if not is_encodable(value):
            self._refuse("input.surrogate", "'input' holds half of a surrogate pair.", param)
        return self._check_tokens(call, Item(self._behaviour.encode(value), value))

    def _read_ids(self, call: Call, value: Any) -> Item:
        if not isinstance(value, list):
            raise Refused("input.mixed", "The items of 'input' must all be of one kind.", "input")
        if not value:
            self._refuse("input.empty_item", "'input' must not hold an empty array.", "input")
            return Item((EMPTY,))
        ids: list[int] = []
        for one in value:
            number = one if type(one) is int else _as_integer(one)
            if number is None:
                raise Refused("input.item_type", "Token ids must be integers.", "input")
            if not 0 <= number < VOCABULARY:
                message = f"Token ids are from 0 to {VOCABULARY - 1}."
                self._refuse("input.below" if number < 0 else "input.above", message, "input")
                number %= VOCABULARY
            ids.append(number)
        return self._check_tokens(call, Item(tuple(ids)))

    def _check_tokens(self, call: Call, item: Item) -> Item:
        cap = self._behaviour.token_cap
        if len(item.ids) > cap:
            message = f"This model's maximum context length is {cap} tokens; an item has {len(item.ids)}."
            self._refuse("input.too_long", message, "input")
        return item if self._behaviour.on_ids is None else self._behaviour.on_ids(call, item)

    def _read_format(self, given: dict[str, Any]) -> bool:
        wanted = given.get("encoding_format", "float")
        if wanted not in ("float", "base64"):
            kind = "format.value" if isinstance(wanted, str) else "format.type"
            self._refuse(kind, "'encoding_format' must be 'float' or 'base64'.", "encoding_format")
        return bool(wanted == "base64")

    def _read_dimensions(self, given: dict[str, Any], model: Model) -> int | None:
        if "dimensions" not in given:
            return None
        wanted = _as_integer(given["dimensions"])
        if not model.reduces:
            self._refuse("dimensions.fixed", "This model does not support 'dimensions'.", "dimensions")
            return None
        if wanted is None:
            self._refuse("dimensions.type", "'dimensions' must be an integer.", "dimensions")
            return None
        width = self._behaviour.width
        if wanted < 1:
            self._refuse("dimensions.below", "'dimensions' must be at least 1.", "dimensions")
            return None
        if wanted > width:
            self._refuse("dimensions.above", f"'dimensions' must be at most {width} for this model.", "dimensions")
        return wanted

    def _read_user(self, given: dict[str, Any]) -> str | None:
        user = given.get("user")
        if user is not None and not isinstance(user, str):
            self._refuse("user.type", "'user' must be a string.", "user")
            return None
        return user

    def _read_tier(self, given: dict[str, Any]) -> str | None:
        tier = given.get("service_tier")
        if tier is None or not self._dialect.tiers:
            return None
        if tier not in self._dialect.tiers:
            kind = "tier.value" if isinstance(tier, str) else "tier.type"
            self._refuse(kind, f"'service_tier' must be one of {', '.join(self._dialect.tiers)}.", "service_tier")
            return None
        return str(tier)
