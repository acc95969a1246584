"""
The request as a shell command that a person can paste: the same bytes, with keys left to the environment.
"""

from __future__ import annotations

import base64
import re

from conformance.exchange import Request
from conformance.wire.address import Address
from conformance.wire.heading import PLACEHOLDER
from conformance.wire.repetition import find_repetition

__all__ = ["curl_command"]

_LONG_BODY = 4096
_LONG_SCRIPT = 2048
_BREAK = " \\\n  "
_SAFE_WORD = re.compile(r"[A-Za-z0-9_./:=@%+,-]+")


def curl_command(request: Request, base_url: str, *, replay: str = "") -> str:
    """
    Return a command for any POSIX shell that sends *request* with curl to the server at *base_url*.

    Keys stand in it as environment variables, ``"$NAME"``. A body that can't be typed goes through a pipe:
    printf or base64 for bytes, a line of Python for a long one that repeats itself. A long body that doesn't
    is not shown; *replay*, the suite's own command for this request, then stands in its place. Raises
    UsageError for an unusable URL.
    """
    source = ""
    data: list[str] = []
    body = request.body
    if body is not None:
        # --data-binary would read a file when the body begins with @; --data-raw takes everything as it is.
        data = ["--data-binary @-"]
        if len(body) > _LONG_BODY:
            script = _script(body)
            if script is None:
                return _too_long(len(body), replay)
            source = f"python3 -c {_quoted(script)} |\n"
        elif _is_typable(body):
            data = [f"--data-raw {_quoted(body.decode('utf-8'))}"]
        else:
            source = f"{_printed(body)} |\n"
    # Without -g curl would read [] and {} in a URL as a pattern; without --path-as-is it would tidy the path.
    command = (
        f"curl -sS -i -g --path-as-is {_method(request)} {_quoted(Address(base_url).url(request.target))}"
    )
    headers = [f"-H {_header(name, value)}" for name, value in request.headers]
    if body is not None and request.header("content-type") is None:
        # curl would name a content type of its own.
        headers.append("-H 'Content-Type:'")
    return source + _BREAK.join([command, *headers, *data])


def _method(request: Request) -> str:
    if request.method != "HEAD":
        return f"-X {_quoted(request.method)}"
    # curl waits for the body of an answer to -X HEAD, and refuses --head beside a body.
    return "--head" if request.body is None else "-X HEAD -m 10"


def _header(name: str, value: str) -> str:
    if not value.strip():
        # This is how curl is told to send a header without a value, and not to leave it out.
        return _quoted(f"{name};")
    words = []
    end = 0
    text = f"{name}: {value}"
    for match in PLACEHOLDER.finditer(text):
        words += [_quoted(text[end : match.start()]) if match.start() > end else "", f'"${match[1]}"']
        end = match.end()
    if end < len(text):
        words.append(_quoted(text[end:]))
    return "".join(words)


def _quoted(text: str) -> str:
    """
    Return *text* as one word of a shell. Inside of single quotes nothing has a meaning, not even ``!`` at a
    prompt.
    """
    return text if _SAFE_WORD.fullmatch(text) else "'" + text.replace("'", "'\\''") + "'"


def _is_typable(body: bytes) -> bool:
    """
    Return whether *body* survives a terminal: UTF-8 without control characters, invisible ones or odd spaces.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.replace("\n", "").isprintable()


def _printed(body: bytes) -> str:
    plain = sum(0x20 <= byte < 0x7F for byte in body)
    if plain * 4 < len(body) * 3:
        return f"printf %s {_quoted(base64.b64encode(body).decode('ascii'))} | base64 -d"
    escapes = {ord("\\"): "\\\\", ord("%"): "%%"}
    return "printf " + _quoted(
        "".join(escapes.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}") for byte in body)
    )


def _script(body: bytes) -> str | None:
    repetition = find_repetition(body)
    if repetition is None or repetition.size > _LONG_SCRIPT:
        return None
    terms = [repr(repetition.before)] if repetition.before else []
    terms.append(f"{repetition.piece!r} * {repetition.count}")
    if repetition.after:
        terms.append(repr(repetition.after))
    return f"import sys; sys.stdout.buffer.write({' + '.join(terms)})"


def _too_long(size: int, replay: str) -> str:
    if not replay:
        return f"# The body has {size} bytes, too many to show here."
    return f"# The body has {size} bytes, too many to show here. This sends the same request:\n{replay}"
