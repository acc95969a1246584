"""
The boundary of the program: whatever goes wrong inside becomes one message without keys, and an exit code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TextIO

import click

from conformance.errors import ConformanceError

__all__ = ["Boundary", "PipeClosed", "boundary"]

_BROKEN_PIPE = 141  # what a shell reports of a process that SIGPIPE ended


class PipeClosed(Exception):
    """
    Raised in place of BrokenPipeError, which click would turn into an exit code that means something else here.
    """


class Boundary:
    """
    Stands between a command and the process. It is told the keys of a run, so that nothing it prints holds one.
    """

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def remember(self, secrets: Mapping[str, str]) -> None:
        """
        Take note of keys that must never be printed.
        """
        self._secrets.update(secrets)

    def redact(self, text: str) -> str:
        """
        Return *text* without any key that is known.
        """
        if not self._secrets:
            return text
        from conformance.wire.redaction import redact

        return redact(text, self._secrets)

    def guard(self, act: Callable[[], int | None]) -> int:
        """
        Call *act* and return the exit code of whatever becomes of it.
        """
        for stream in (sys.stdout, sys.stderr):
            _forgive(stream)
        try:
            code = act() or 0
            sys.stdout.flush()
            return int(code)
        except ConformanceError as problem:
            return self._tell(problem.render(), problem.exit_code)
        except click.UsageError as problem:
            return self._tell(_usage(problem), 2)
        except click.ClickException as problem:
            return self._tell(problem.format_message(), 2)
        except click.exceptions.Exit as leave:
            return leave.exit_code
        except (KeyboardInterrupt, click.Abort):
            return self._tell("interrupted before there was anything to report", 3)
        except (PipeClosed, BrokenPipeError):
            _silence()
            return _BROKEN_PIPE
        except Exception as problem:  # noqa: BLE001 - this is where all of them end
            return self._fault(problem)

    def _tell(self, text: str, code: int) -> int:
        with suppress(OSError, ValueError):
            first, *others = self.redact(text).split("\n")
            print(f"error: {first}", *others, sep="\n", file=sys.stderr, flush=True)
        return code

    def _fault(self, problem: Exception) -> int:
        import tempfile
        import traceback

        from conformance.errors import shorten

        said = self.redact("".join(traceback.format_exception(problem)))
        kept = "the traceback could not be kept"
        with (
            suppress(OSError),
            tempfile.NamedTemporaryFile(
                "w",
                prefix="conformance-fault-",
                suffix=".txt",
                delete=False,
                encoding="utf-8",
                errors="backslashreplace",
            ) as file,
        ):
            file.write(said)
            kept = f"the traceback is in {file.name}"
        return self._tell(f"a fault of the suite: {type(problem).__name__}: {shorten(str(problem))}; {kept}", 4)


def boundary() -> Boundary:
    """
    Return the boundary of the command that is running.
    """
    found = click.get_current_context().find_root().obj
    assert isinstance(found, Boundary)
    return found


def _forgive(stream: TextIO) -> None:
    """
    Let *stream* write what its encoding lacks as an escape instead of failing.
    """
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        with suppress(ValueError, OSError):
            reconfigure(errors="backslashreplace")


def _silence() -> None:
    # Python flushes standard output once more when it ends, and would complain of the same pipe again.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(problem: click.UsageError) -> str:
    context = problem.ctx
    help_of = f"{context.command_path} --help" if context is not None else "conformance --help"
    return f"{problem.format_message()}\n    {'next:':<10}{help_of}"
