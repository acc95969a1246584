"""
Vectors that are not what they should be: in shape, in content, or only now and then.
"""

from __future__ import annotations

from typing import Any

import orjson

from conformance.reference.aurous.call import Call, Part
from conformance.reference.aurous.faulty.edits import (
    Changes,
    Document,
    edit_item,
    edit_success,
    edit_vector,
    is_text,
)
from conformance.reference.zoo import Fault

__all__ = ["FAULTS", "Parts"]

Parts = tuple[Part, ...]


def _plus(parts: Parts, text: str) -> Parts:
    return (*parts, Part("text", text, ""))


def _with_user(call: Call, parts: Parts) -> Parts:
    return _plus(parts, call.wish.user) if call.wish and call.wish.user else parts


def _with_dimensions(call: Call, parts: Parts) -> Parts:
    wanted = call.document.get("dimensions")
    return _plus(parts, str(wanted)) if wanted is not None else parts


def _cut_texts(parts: Parts, length: int) -> Parts:
    return tuple(part._replace(value=part.value[:length]) if part.kind == "text" else part for part in parts)


def _first_image(parts: Parts) -> Parts:
    first = next((part for part in parts if part.kind == "image_url"), None)
    return tuple(part for part in parts if part.kind != "image_url" or part is first)


def _texts(parts: Parts) -> Parts:
    return tuple(part for part in parts if part.kind == "text") or parts[:1]


def _literal(replacement: bytes) -> Changes:
    def edit(call: Call, document: Document) -> Any:
        document["data"][0]["embedding"] = ["@"]
        return orjson.dumps(document).replace(b'"@"', replacement)

    return {"on_document": edit}


def _zeros(vector: list[float]) -> list[float]:
    return [0.0] * len(vector)


def _all_text(call: Call) -> str:
    return "".join(part.value for part in call.wish.parts) if call.wish else ""


def _swap(call: Call, parts: Parts) -> Parts:
    others = [other.wish for other in call.shared.running if other is not call and other.wish is not None]
    return others[0].parts if others else parts


def _remember(call: Call, parts: Parts) -> Parts:
    before: Parts = call.shared.memory.get("parts", parts)
    call.shared.memory["parts"] = parts
    return before if len(_join(before)) > 4_000 > len(_join(parts)) else parts


def _join(parts: Parts) -> str:
    return "".join(part.value for part in parts)


def _drift(call: Call, vector: list[float]) -> list[float]:
    step = (call.serial % 5) * 0.02
    return [number + step * (index % 7 - 3) for index, number in enumerate(vector)]


FAULTS = (
    Fault("vector_user_changes_it", "lets user change the vector", ("A34",), {"content": _with_user}),
    Fault(
        "vector_dimensions_change_it",
        "lets dimensions change the values of the vector",
        ("A37", "A43"),
        {"content": _with_dimensions},
    ),
    Fault(
        "vector_random",
        "gives another vector for the same input each time",
        ("A19",),
        {"content": lambda call, parts: _plus(parts, call.request_id)},
    ),
    Fault("vector_drifts", "gives a vector that drifts from call to call", ("A19",), edit_vector(_drift)),
    Fault(
        "vector_constant",
        "gives the same vector for every input",
        ("A19", "A09"),
        {"content": lambda call, parts: (Part("text", "x", ""),)},
    ),
    Fault(
        "vector_first_part_only",
        "embeds only the first part",
        ("A09",),
        {"content": lambda call, parts: parts[:1]},
    ),
    Fault(
        "vector_last_part_only",
        "embeds only the last part",
        ("A09",),
        {"content": lambda call, parts: parts[-1:]},
    ),
    Fault(
        "vector_first_two_parts_only",
        "embeds only the first two parts",
        ("A09",),
        {"content": lambda call, parts: parts[:2]},
    ),
    Fault(
        "vector_images_ignored",
        "leaves the images out of the vector when there is text",
        ("A09",),
        {"content": lambda call, parts: _texts(parts)},
    ),
    Fault(
        "vector_texts_ignored",
        "leaves the texts out of the vector when there is an image",
        ("A09",),
        {"content": lambda call, parts: tuple(part for part in parts if part.kind != "text") or parts},
    ),
    Fault(
        "vector_truncates_512",
        "embeds only the first 512 characters of a text",
        ("A17", "A09"),
        {"content": lambda call, parts: _cut_texts(parts, 512)},
    ),
    Fault(
        "vector_truncates_8192",
        "embeds only the first 8,192 characters of a text",
        ("A17",),
        {"content": lambda call, parts: _cut_texts(parts, 8192)},
    ),
    Fault(
        "vector_truncates_300000",
        "embeds only the first 300,000 characters of a text",
        ("A17",),
        {"content": lambda call, parts: _cut_texts(parts, 300_000)},
    ),
    Fault(
        "vector_second_image_unseen",
        "leaves all images but the first out of the vector",
        ("A09",),
        {"content": lambda call, parts: _first_image(parts)},
    ),
    Fault(
        "vector_after_long_text",
        "gives a short text after a long one the long one's vector",
        ("A19",),
        {"content": _remember},
    ),
    Fault("vector_nan", "writes NaN into the vector", ("A20",), _literal(b"NaN,0.5")),
    Fault("vector_infinite", "writes 1e999 into the vector", ("A20",), _literal(b"1e999,0.5")),
    Fault(
        "vector_null", "answers with null for the vector", ("A20",), edit_vector(lambda call, vector: None)
    ),
    Fault(
        "vector_holds_null",
        "writes null for the first number of the vector",
        ("A20",),
        edit_vector(lambda call, vector: [None, *vector[1:]]),
    ),
    Fault(
        "vector_zero",
        "answers with a vector of zeros",
        ("A20",),
        edit_vector(lambda call, vector: _zeros(vector)),
    ),
    Fault(
        "vector_nested",
        "answers with a list of vectors for the vector",
        ("A20",),
        edit_vector(lambda call, vector: [vector]),
    ),
    Fault("vector_empty", "answers with an empty vector", ("A20",), edit_vector(lambda call, vector: [])),
    Fault(
        "vector_texts",
        "writes the numbers of the vector as texts",
        ("A20", "A33"),
        edit_vector(lambda call, vector: [str(number) for number in vector]),
    ),
    Fault(
        "vector_object",
        "writes the vector as an object",
        ("A20",),
        edit_vector(lambda call, vector: {str(index): number for index, number in enumerate(vector)}),
    ),
    Fault(
        "vector_width_varies",
        "gives short texts a narrower vector",
        ("A43",),
        edit_vector(lambda call, vector: vector[:512] if len(_all_text(call)) < 12 else vector),
    ),
    Fault(
        "vector_one_short",
        "leaves out the last number when there are several parts",
        ("A43",),
        edit_vector(lambda call, vector: vector if is_text(call) else vector[:-1]),
    ),
    Fault(
        "vector_wrong_for_non_ascii",
        "answers texts beyond ASCII with a vector of zeros",
        ("A20",),
        edit_vector(lambda call, vector: vector if _all_text(call).isascii() else _zeros(vector)),
    ),
    Fault(
        "vector_wrong_for_long_text",
        "answers texts of more than 2,000 characters with a vector of zeros",
        ("A17",),
        edit_vector(lambda call, vector: _zeros(vector) if len(_all_text(call)) > 2_000 else vector),
    ),
    Fault(
        "vector_wrong_after_twenty",
        "answers every request after the twentieth with a vector of zeros",
        ("A20",),
        edit_vector(lambda call, vector: _zeros(vector) if call.shared.creates > 20 else vector),
    ),
    Fault(
        "vector_swapped_when_busy",
        "gives one of several simultaneous requests the vector of another",
        ("A19",),
        {"content": _swap, "pause_s": 0.01},
    ),
    Fault(
        "vector_one_per_part",
        "answers several parts with one embedding each",
        ("A08", "A20"),
        edit_success(
            lambda call, document: document.update(
                data=[
                    {**document["data"][0], "index": index}
                    for index in range(len(call.wish.parts if call.wish else ""))
                ]
            )
        ),
    ),
    Fault(
        "data_twice",
        "gives the embedding twice",
        ("A20",),
        edit_success(lambda call, document: document["data"].append({**document["data"][0], "index": 1})),
    ),
    Fault(
        "data_empty",
        "gives no embedding",
        ("A20",),
        edit_success(lambda call, document: document["data"].clear()),
    ),
    Fault(
        "data_object",
        "gives the embedding without the list around it",
        ("A20",),
        edit_success(lambda call, document: document.update(data=document["data"][0])),
    ),
    Fault("index_one", "counts index from 1", ("A20",), edit_item(lambda call, item: item.update(index=1))),
    Fault("index_missing", "leaves out index", ("A20",), edit_item(lambda call, item: item.pop("index"))),
    Fault(
        "index_text", "writes index as a text", ("A20",), edit_item(lambda call, item: item.update(index="0"))
    ),
    Fault(
        "item_object_wrong",
        "calls the item a vector",
        ("A20",),
        edit_item(lambda call, item: item.update(object="vector")),
    ),
    Fault(
        "item_object_missing",
        "leaves out the item's object",
        ("A20",),
        edit_item(lambda call, item: item.pop("object")),
    ),
    Fault(
        "list_object_wrong",
        "calls the list an embedding",
        ("A20",),
        edit_success(lambda call, document: document.update(object="embedding")),
    ),
    Fault(
        "list_object_missing",
        "leaves out the list's object",
        ("A20",),
        edit_success(lambda call, document: document.pop("object")),
    ),
    Fault(
        "model_echo_short",
        "echoes the model without its version",
        ("A21",),
        edit_success(lambda call, document: document.update(model=document["model"].rsplit("-", 1)[0])),
    ),
    Fault(
        "model_echo_default",
        "echoes the default model whatever was asked",
        ("A21",),
        edit_success(lambda call, document: document.update(model="aurous-embed-vision-1.0")),
    ),
    Fault(
        "model_echo_missing",
        "leaves out the model",
        ("A21",),
        edit_success(lambda call, document: document.pop("model")),
    ),
    Fault(
        "model_echo_upper",
        "echoes the model in capitals",
        ("A21",),
        edit_success(lambda call, document: document.update(model=document["model"].upper())),
    ),
)
