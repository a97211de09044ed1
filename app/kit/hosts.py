"""Names and addresses of hosts."""

import ipaddress


def is_public(host: str) -> bool:
    """Whether others could reach it from outside, as far as its name or address tells."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal"))
    return address.is_global
