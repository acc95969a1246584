"""
The command line: each command reads its options, calls one function of the engine, and chooses a writer.
"""

from conformance.cli.program import main

__all__ = ["main"]
