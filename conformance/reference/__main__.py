"""
Starts one server: `python -m conformance.reference PROVIDER [--fault NAME] [--variant NAME] ...`.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from conformance.reference.provider import Provider
from conformance.reference.serving import serve_app, serve_streams
from conformance.reference.zoo import ClashingChanges, UnknownName

PROVIDERS = ("aurous", "openai", "xerotier")


def load_provider(name: str) -> Provider:
    """Import the package of one provider."""
    provider: Provider = importlib.import_module(f"conformance.reference.{name}").PROVIDER
    return provider


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m conformance.reference", description=__doc__)
    parser.add_argument("provider", nargs="?", default=PROVIDERS[0], choices=PROVIDERS)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--fault", help="one deviation from the contract")
    parser.add_argument("--variant", help="one odd but conforming way")
    parser.add_argument("--null", help="a server without sense instead of the reference server")
    parser.add_argument("--hostile", help="a server that means harm instead of the reference server")
    parser.add_argument(
        "--media-origin", action="append", default=[], help="an origin that may really be fetched from"
    )
    parser.add_argument("--list", action="store_true", help="list every name and what it stands for")
    return parser


def print_names(provider: Provider) -> None:
    """Print each fault, variant, null and hostile server with its sentence."""
    from conformance.reference.hostile import list_hostiles
    from conformance.reference.nulls import list_nulls

    for fault in provider.faults():
        print(f"fault    {fault.name:40} {' '.join(fault.promises):12} {fault.says}")
    for variant in provider.variants():
        print(f"variant  {variant.name:40} {variant.witness:12} {variant.says}")
    for name, says in list_nulls().items():
        print(f"null     {name:40} {'':12} {says}")
    for name, says in list_hostiles().items():
        print(f"hostile  {name:40} {'':12} {says}")


def main(arguments: list[str] | None = None) -> int:
    """Run one server and return the exit code: 0 after an orderly end, 2 for a wrong command line."""
    options = make_parser().parse_args(arguments)
    provider = load_provider(options.provider)
    if options.list:
        print_names(provider)
        return 0
    named = [one for one in provider.faults() if one.name == options.fault]
    odd = [one for one in provider.variants() if one.name == options.variant]
    declared = dict(provider.ready.get("features", {}))
    for declares in (*(one.declares for one in named), *(one.declares for one in odd)):
        declared.update(declares)
    limits = dict(provider.ready.get("limits", {}))
    for own in (*(one.limits for one in named), *(one.limits for one in odd)):
        limits.update(own)
    ready = {**provider.ready, **({"features": declared} if declared else {}), **({"limits": limits} if limits else {})}
    address = {"host": options.host, "port": options.port, "ready": ready}
    if options.null or options.hostile:
        return serve_senseless(provider, options, address)
    try:
        app = provider.make_app(options.fault, options.variant, options.media_origin)
    except (UnknownName, ClashingChanges) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    serve_app(app, **address)
    return 0


def serve_senseless(provider: Provider, options: argparse.Namespace, address: dict[str, object]) -> int:
    """Run a null or a hostile server."""
    if options.null:
        from conformance.reference.nulls import make_nulls

        servers = make_nulls({"success": provider.sample_success(), "refusal": provider.sample_refusal})
    else:
        from conformance.reference.hostile import make_hostiles

        servers = make_hostiles()
    name = options.null or options.hostile
    if name not in servers:
        print(f"error: no server is called {name!r}; there are {', '.join(servers)}", file=sys.stderr)
        return 2
    serve_streams(servers[name][1], **address)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main())
