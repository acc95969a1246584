"""
An OpenAPI 3.1 document of a contract, as careful as its provider could write it: the yardstick must not stumble over
what only this suite knows.
"""

from __future__ import annotations

import copy
import json
import sys
from typing import Any

from conformance.contract import Contract, load_contract

__all__ = ["openapi"]

# The contract says nothing of this operation's query, so a document made from it would be wrong about it.
_UNSAID = frozenset({"usage_events"})


def openapi(contract: Contract, *, model: str, dimensions: list[int]) -> dict[str, Any]:
    """
    Return the document, with *model* and its *dimensions* as the only ones, so that a valid body is an accepted one.
    """
    refusal = _response("A refusal.", contract.envelopes[contract.refusal["envelope"]])
    refusal["headers"] = {contract.refusal["request_id_header"]: {"schema": {"type": "string"}, "required": True}}
    paths: dict[str, Any] = {}
    for operation in contract.operations.values():
        if operation.name in _UNSAID:
            continue
        entry: dict[str, Any] = {"operationId": operation.name, "responses": {"4XX": refusal, "5XX": refusal}}
        for status in operation.success_status:
            entry["responses"][str(status)] = _response("A success.", contract.envelopes[operation.success_envelope])
        if operation.request_schema:
            schema = _narrowed(contract.requests[operation.request_schema], contract, model, dimensions)
            entry["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {"title": contract.title, "version": contract.revision},
        "security": [{"key": []}],
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "paths": paths,
    }


def _response(says: str, schema: Any) -> dict[str, Any]:
    return {"description": says, "content": {"application/json": {"schema": schema}}}


def _narrowed(schema: Any, contract: Contract, model: str, dimensions: list[int]) -> dict[str, Any]:
    narrowed: dict[str, Any] = copy.deepcopy(schema)
    fields = narrowed["properties"]
    fields["model"] = {"enum": [model]}
    if "dimensions" in fields:
        fields["dimensions"] = {"enum": dimensions}
    for name in fields.keys() - set(narrowed["required"]):
        # What may be left out may be null: the documents don't say otherwise.
        fields[name] = {"anyOf": [fields[name], {"type": "null"}]}
    _only_accepted(narrowed, contract.media["images"])
    return narrowed


def _only_accepted(schema: Any, urls: list[str]) -> None:
    """
    Allow a media URL only where the server can fetch it, and a text only if it holds no NUL and more than white space.
    """
    if isinstance(schema, dict):
        if schema.get("type") == "string" and schema.get("minLength"):
            schema["pattern"] = r"^[^\x00]*[^\s\x00][^\x00]*$"
        for name, inner in schema.items():
            if name == "url" and isinstance(inner, dict):
                schema[name] = {"enum": urls}
            else:
                _only_accepted(inner, urls)
    elif isinstance(schema, list):
        for inner in schema:
            _only_accepted(inner, urls)


if __name__ == "__main__":
    json.dump(
        openapi(load_contract(sys.argv[1]), model=sys.argv[2], dimensions=[int(d) for d in sys.argv[3:]]),
        sys.stdout,
        indent=2,
    )
