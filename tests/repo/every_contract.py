"""
Runs one command of the suite on every contract: `python -m tests.repo.every_contract lint`.
"""

import subprocess
import sys
from importlib.util import find_spec

from conformance.contract import contract_names


def main(command: str, *options: str) -> int:
    """
    Return the worst exit code of the command over all contracts (`selftest`: all that have a reference server).
    """
    worst = 0
    for name in contract_names():
        if command == "selftest" and find_spec(f"conformance.reference.{name}") is None:
            continue
        print(f"$ conformance {command} {name} {' '.join(options)}".rstrip(), flush=True)
        worst = max(
            worst,
            subprocess.run([sys.executable, "-m", "conformance", command, name, *options], check=False).returncode,
        )
    return worst


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
