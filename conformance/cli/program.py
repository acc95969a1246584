"""
The program: its commands by name, each imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from conformance import __version__
from conformance.cli.boundary import Boundary, PipeClosed

__all__ = ["Program", "main"]

# Command, module below conformance.cli, and what the list of commands says of it, so that help imports no command.
_COMMANDS = {
    "run": ("running", "Judge a server by a contract."),
    "plan": ("planning", "Show what a run would send, before anything is charged."),
    "replay": ("replaying", "Send one case of a log again, and see whether its findings recur."),
    "report": ("reporting", "Make reports from a log."),
    "list": ("listing", "List the contracts, or the clauses of one."),
    "explain": ("explaining", "Show all that a contract says of one clause."),
    "serve": ("serving", "Run the reference server of a contract, sound or with one fault."),
    "selftest": ("proving", "Judge every faulty and odd server, and print the kill matrix."),
    "lint": ("linting", "Look for faults in a contract's files."),
}

_HELP = """
Judge an embeddings API by its published contract, clause by clause, with the smallest request that shows each breach.

\b
  conformance list                        which contracts there are
  conformance run CONTRACT --reference    judge the contract's own reference server
  conformance run CONTRACT --target https://api.example.com --out run.log

Exit codes: 0 conformant, 1 a MUST is broken, 2 usage or configuration, 3 incomplete, 4 a fault of the suite.
"""


class Program(click.Group):
    """
    The group of all commands. Whatever ends a command becomes one message and an exit code.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"conformance.cli.{_COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, says) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise PipeClosed from None

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """
        Run one command and leave the process with its exit code; *standalone_mode* changes nothing.
        """
        boundary = Boundary()

        def act() -> int | None:
            code: int | None = super(Program, self).main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                obj=boundary,
                **extra,
            )
            return code

        raise SystemExit(boundary.guard(act))


main = Program(
    name="conformance",
    help=_HELP,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
click.version_option(__version__, "--version", "-V", prog_name="conformance", message="%(prog)s %(version)s")(main)
