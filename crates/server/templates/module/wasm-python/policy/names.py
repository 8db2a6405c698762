"""What needs no server, and can be tried without one."""

import string
from typing import Optional

PLAIN = frozenset(string.ascii_letters + string.digits + "-.")


def is_inside(name: str, domain: str) -> bool:
    """Whether a name is the domain or below it."""
    name = name.lower()
    return PLAIN.issuperset(name) and (name == domain or name.endswith("." + domain))


def dns_names(der: bytes) -> Optional[list[str]]:
    """The DNS names in a subject alternative name extension (RFC 5280 4.2.1.6).

    None where it cannot be read, or has a name of another kind: that is not the same as no names.
    """
    outer = elements(der)
    if outer is None or [tag for tag, _ in outer] != [0x30]:
        return None
    inner = elements(outer[0][1])
    if inner is None or any(tag != 0x82 or not content.isascii() for tag, content in inner):
        return None
    return [content.decode("ascii") for _, content in inner]


def elements(der: bytes) -> Optional[list[tuple[int, bytes]]]:
    """The tags and contents of what stands one after another; None where it ends too early."""
    found = []
    while der:
        if len(der) < 2:
            return None
        tag, length, der = der[0], der[1], der[2:]
        if length & 0x80:
            octets = length & 0x7F
            if not 1 <= octets <= min(3, len(der)):
                return None
            length, der = int.from_bytes(der[:octets], "big"), der[octets:]
        if length > len(der):
            return None
        found.append((tag, der[:length]))
        der = der[length:]
    return found
