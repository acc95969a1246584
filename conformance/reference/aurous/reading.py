"""
Reading an embeddings request: fields, caps, URL policy and dimensions, in that order.
"""

from __future__ import annotations

from typing import Any

from conformance.reference.aurous.behaviour import Behaviour
from conformance.reference.aurous.call import Call, Part, Wish
from conformance.reference.aurous.catalogue import BY_SLUG, Model
from conformance.reference.aurous.refusals import (
    Refusal,
    Refused,
    invalid,
    malformed,
    missing,
    out_of_range,
)
from conformance.reference.documents import MalformedDocument, read_document, show
from conformance.reference.media import MediaFetcher
from conformance.reference.tokenizer import count_tokens
from conformance.reference.urls import has_https_host, is_blocked_host

__all__ = ["Reader"]

FIELDS = {"model", "input", "dimensions", "encoding_format", "user"}
ESTIMATE_FIELDS = {"model", "input", "dimensions"}
PART_KINDS = ("text", "image_url", "video_url")


class Reader:
    """Turns a body into a wish, or refuses it; the kinds in `unchecked` are let through."""

    def __init__(self, behaviour: Behaviour, fetcher: MediaFetcher, *, estimate: bool) -> None:
        """Read for one of the two routes."""
        self._behaviour = behaviour
        self._fetcher = fetcher
        self._estimate = estimate
        self._unchecked = behaviour.unchecked | (behaviour.unchecked_on_estimate if estimate else frozenset())

    def _refuse(self, refusal: Refusal) -> None:
        if refusal.kind not in self._unchecked:
            raise Refused(refusal)

    def read(self, call: Call) -> Wish:
        """
        Read the body of a call.

        Raises:
            Refused: the first rule that the request breaks.
        """
        behaviour = self._behaviour
        try:
            document = read_document(call.request.body)
        except MalformedDocument as error:
            raise Refused(malformed("body.syntax", f"The request body cannot be read: {error}.")) from None
        if not isinstance(document, dict):
            raise Refused(malformed("body.shape", "The request body must be a JSON object."))
        call.document = document
        refusal = behaviour.refuses(call) if behaviour.refuses is not None else None
        if refusal is not None:
            raise Refused(refusal)
        if behaviour.strict_fields or behaviour.refuses_null:
            self._check_strictly(document)
        model = self._read_model(document)
        parts = self._read_input(document)
        self._check_options(document)
        for part in parts:
            if part.kind == "text":
                self._check_text(part)
            else:
                self._check_url_length(part)
        text_tokens = sum([count_tokens(part.value) for part in parts if part.kind == "text"])
        wish = Wish(model, str(document["model"]), parts, document.get("user"), text_tokens)
        if text_tokens > behaviour.token_cap:
            limit = behaviour.token_cap
            message = f"input has {text_tokens} tokens; the maximum is {limit}. Send less text."
            self._refuse(invalid("caps.tokens", "embeddings_input_too_large", message, "input"))
        for part in parts:
            if part.kind != "text":
                self._check_url(part)
        self._check_dimensions(call, document, model)
        return wish

    def _check_strictly(self, document: dict[str, Any]) -> None:
        if ("estimate" if self._estimate else "create") in self._behaviour.strict_fields:
            for name in document.keys() - (ESTIMATE_FIELDS if self._estimate else FIELDS):
                self._refuse(
                    malformed("field.unknown", f"{show(name)} is not a field of this request.", show(name))
                )
        if self._behaviour.refuses_null:
            for name in ("dimensions", "encoding_format", "user"):
                if name in document and document[name] is None:
                    self._refuse(malformed("field.null", f"{name} must not be null.", name))

    def _read_model(self, document: dict[str, Any]) -> Model:
        slug = document.get("model")
        if slug is None:
            raise Refused(missing("model"))
        if not isinstance(slug, str):
            raise Refused(malformed("model.type", "model must be a string.", "model"))
        found = self._behaviour.find_model_slug(slug, tuple(BY_SLUG))
        if found is None:
            message = f"There is no model {show(slug)}; GET /v1/models lists the models you can use."
            raise Refused(Refusal("model.unknown", 404, "not_found", "resource_not_found", message, "model"))
        model = BY_SLUG[found]
        if model.kind != "embedding":
            message = f"Model {slug} is a {model.kind} model and makes no embeddings."
            self._refuse(invalid("model.kind", "model_wrong_kind", message, "model"))
            return next(iter(BY_SLUG.values()))
        return model

    def _read_input(self, document: dict[str, Any]) -> tuple[Part, ...]:
        given = document.get("input")
        if given is None:
            raise Refused(missing("input"))
        if isinstance(given, str):
            return (Part("text", given, "input"),)
        if not isinstance(given, list):
            raise Refused(
                malformed("input.type", "input must be a string or an array of content parts.", "input")
            )
        if not given:
            self._refuse(out_of_range("input.empty", "input must hold at least one content part.", "input"))
        strings = sum([isinstance(item, str) for item in given])
        if strings and strings == len(given):
            if self._behaviour.refuses_batch(given):
                message = (
                    "input as an array of strings is not supported. Send one request per string to get one "
                    "vector each, or an array of content parts to get one combined vector."
                )
                self._refuse(invalid("input.batch", "embeddings_batch_not_supported", message, "input"))
        elif strings:
            message = "input must hold content parts only; strings and parts cannot be mixed."
            self._refuse(malformed("input.mixed", message, "input"))
        elif not all(isinstance(item, dict) for item in given):
            message = (
                "input must hold content parts; numbers, such as token ids, and arrays are not accepted."
            )
            self._refuse(malformed("input.tokens", message, "input"))
        self._check_count(given)
        return self._check_kinds(tuple(self._read_part(item, index) for index, item in enumerate(given)))

    def _check_count(self, given: list[Any]) -> None:
        count, cap = self._behaviour.count_parts(given), self._behaviour.parts_cap
        if count > cap:
            message = f"input has {len(given)} parts; the maximum is {cap} per request."
            self._refuse(invalid("caps.parts", "embeddings_input_too_many_items", message, "input"))

    def _check_kinds(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        count, cap = self._behaviour.count_images(parts), self._behaviour.image_cap
        if count > cap:
            sent = sum([part.kind == "image_url" for part in parts])
            message = f"input has {sent} image_url parts; the maximum is {cap} per request."
            self._refuse(invalid("caps.images", "embeddings_input_too_many_items", message, "input"))
        for part in parts:
            if part.kind == "video_url":
                videos = sum([part.kind == "video_url" for part in parts])
                message = f"input has {videos} video_url parts; the maximum is 0: video is not supported."
                self._refuse(invalid("caps.video", "embeddings_video_unsupported", message, "input"))
                break
        return parts

    def _read_part(self, item: Any, index: int) -> Part:
        path = f"input[{index}]"
        if not isinstance(item, dict):  # only reached when the rules about the array are off
            return Part("text", item if isinstance(item, str) else str(item), path)
        kind = item.get("type")
        if kind not in PART_KINDS:
            message = f"{path}.type must be one of text, image_url and video_url."
            self._refuse(malformed("part.type", message, f"{path}.type"))
            return Part("text", show(item), path)
        content = item.get(kind)
        if kind != "text" and isinstance(content, dict):
            content, path = content.get("url"), f"{path}.{kind}"
            kind_path = f"{path}.url"
        elif kind != "text" and content is not None:
            message = f"{path}.{kind} must be an object with a url."
            raise Refused(malformed("part.shape", message, f"{path}.{kind}"))
        else:
            kind_path = f"{path}.{kind}"
        if content is None:
            raise Refused(invalid("part.missing", "missing_field", f"{kind_path} is required.", kind_path))
        if not isinstance(content, str):
            raise Refused(malformed("part.shape", f"{kind_path} must be a string.", kind_path))
        return Part(kind, content, kind_path)

    def _check_text(self, part: Part) -> None:
        length, cap = self._behaviour.measure_text(part.value), self._behaviour.text_cap
        if length > cap:
            message = f"{part.path} has {length} characters; the maximum is {cap}."
            self._refuse(out_of_range("caps.text", message, part.path))
        if not part.value:
            self._refuse(out_of_range("text.empty", f"{part.path} must not be empty.", part.path))
        elif part.value.isspace():
            self._refuse(out_of_range("text.blank", f"{part.path} must not be only white space.", part.path))
        if "\0" in part.value:
            self._refuse(malformed("text.nul", f"{part.path} must not contain NUL.", part.path))
        if not _is_encodable(part.value):
            self._refuse(malformed("text.surrogate", f"{part.path} holds half a surrogate pair.", part.path))

    def _check_url_length(self, part: Part) -> None:
        length, cap = self._behaviour.measure_url(part.value), self._behaviour.url_cap
        if length > cap:
            message = f"{part.path} has {length} characters; the maximum is {cap}."
            self._refuse(out_of_range("caps.url", message, part.path))

    def _check_url(self, part: Part) -> None:
        if self._fetcher.is_allowed(part.value):
            return
        waves_through = self._behaviour.waves_through
        if waves_through is not None and waves_through(part.path, part.value):
            return
        if not has_https_host(part.value):
            message = f"{part.path} must be an https:// URL."
            self._refuse(malformed("url.scheme", message, part.path))
        elif is_blocked_host(part.value):
            message = f"{part.path} names a host that is not reachable from here."
            self._refuse(malformed("url.blocked", message, part.path))

    def _check_options(self, document: dict[str, Any]) -> None:
        encoding = document.get("encoding_format")
        if encoding is not None and encoding not in ("float", "base64"):
            message = f"encoding_format must be float or base64; received {show(encoding)}."
            self._refuse(malformed("encoding.value", message, "encoding_format"))
        user = document.get("user")
        if user is None:
            return
        if not isinstance(user, str):
            raise Refused(malformed("user.type", "user must be a string.", "user"))
        length, cap = self._behaviour.measure_user(user), self._behaviour.user_cap
        if length > cap:
            message = f"user has {length} characters; the maximum is {cap}."
            self._refuse(out_of_range("caps.user", message, "user"))
        if not _is_encodable(user):
            self._refuse(malformed("user.surrogate", "user holds half a surrogate pair.", "user"))

    def _check_dimensions(self, call: Call, document: dict[str, Any], model: Model) -> None:
        wanted = document.get("dimensions")
        if wanted is None:
            return
        accepted = model.dimensions or ()
        if self._behaviour.accepts_dimensions and self._behaviour.accepts_dimensions(call, wanted, accepted):
            return
        if not isinstance(wanted, int) or isinstance(wanted, bool):
            message = f"dimensions must be an integer; received {show(wanted)}."
            self._refuse(malformed("dimensions.type", message, "dimensions"))
        elif wanted not in accepted:
            offer = (
                f"only accepts {', '.join(map(str, accepted))}" if accepted else "does not accept any value"
            )
            message = f"Model {model.slug} {offer} for dimensions; received {show(wanted)}."
            self._refuse(
                invalid("dimensions.value", "embeddings_unsupported_dimensions", message, "dimensions")
            )


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
