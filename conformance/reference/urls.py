"""
Which URLs a server may fetch from: https to public hosts, plus origins that a test allows.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

__all__ = ["has_https_host", "is_blocked_host", "read_origin"]

_METADATA_HOSTS = {"metadata.google.internal", "metadata.aws.com", "169.254.170.2"}
_BLOCKED_NETWORKS = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    )
]


def read_origin(url: str) -> str:
    """Return scheme://host:port of a URL in lower case, the port always written; empty when there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower(), 0)
        return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{port}" if parts.hostname else ""
    except ValueError:
        return ""


def has_https_host(url: str) -> bool:
    """Tell whether a URL is written with the https scheme and a host."""
    if not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme.lower() == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_blocked_host(url: str) -> bool:
    """Tell whether a URL names a loopback, private, link-local, multicast, reserved or metadata host."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host in _METADATA_HOSTS or host == "localhost" or host.endswith(".localhost"):
        return True
    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        try:  # the short, octal, hexadecimal and whole-number ways to write an IPv4 address
            address = ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in _BLOCKED_NETWORKS if network.version == address.version)
