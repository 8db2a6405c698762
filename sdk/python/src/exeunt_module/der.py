"""The little DER (X.690) that modules need: reading a run of elements, and writing one."""

from __future__ import annotations

from typing import List, Tuple

from .errors import HResult, ModuleError

SEQUENCE = 0x30
OID = 0x06


def elements(der: bytes) -> List[Tuple[int, bytes]]:
    """The elements of a run of DER, each as its tag octet and its content.

    Raises `ERROR_INVALID_DATA` for what is cut short, for lengths that are not DER, and for tags of several octets.
    """
    found, at = [], 0
    while at < len(der):
        tag, length, at = _head(der, at)
        content = der[at : at + length]
        if len(content) != length:
            raise _invalid("is cut short")
        found.append((tag, content))
        at += length
    return found


def only(der: bytes, tag: int) -> bytes:
    """The content of the one element, of this tag, that `der` is."""
    found = elements(der)
    if len(found) != 1 or found[0][0] != tag:
        raise _invalid(f"is not one element of the tag 0x{tag:02x}")
    return found[0][1]


def element(tag: int, content: bytes) -> bytes:
    """An element of this tag octet and content."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def read_oid(content: bytes) -> str:
    """An object identifier from the content of its element (X.690 8.19). Its numbers have up to 128 bits (X.667 6.3)."""
    if not content or content[-1] & 0x80:
        raise _invalid("holds an object identifier that is cut short")
    numbers, number = [], 0
    for octet in content:
        if number == 0 and octet == 0x80 or number >> 121:
            raise _invalid("holds an object identifier with a number that is not DER, or too large")
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(one) for one in [first, numbers[0] - 40 * first, *numbers[1:]])


def oid(dotted: str) -> bytes:
    """An object identifier as an element."""
    try:
        first, second, *rest = (int(part) for part in dotted.split("."))
    except ValueError:
        raise ModuleError(HResult.E_INVALIDARG, f"`{dotted}` is not an object identifier") from None
    if not 0 <= first <= 2 or second < 0 or (first < 2 and second > 39) or any(number < 0 for number in rest):
        raise ModuleError(HResult.E_INVALIDARG, f"`{dotted}` is not an object identifier")
    content = bytearray()
    for number in (40 * first + second, *rest):
        octets = [number & 0x7F]
        while number := number >> 7:
            octets.append(number & 0x7F | 0x80)
        content.extend(reversed(octets))
    return element(OID, bytes(content))


def _head(der: bytes, at: int) -> Tuple[int, int, int]:
    """Tag and length of the element at `at`, and where its content begins."""
    head = der[at : at + 2]
    if len(head) < 2:
        raise _invalid("is cut short")
    tag, length = head
    at += 2
    if tag & 0x1F == 0x1F:
        raise _invalid("has a tag of several octets")
    if length >= 0x80:
        octets = der[at : at + (length & 0x7F)]
        # Four octets are more than any message has; DER takes the shortest form.
        if not 0 < len(octets) <= 4 or len(octets) != length & 0x7F or octets[0] == 0:
            raise _invalid("has a length that is not DER")
        length = int.from_bytes(octets, "big")
        if length < 0x80:
            raise _invalid("has a length that is not DER")
        at += len(octets)
    return tag, length, at


def _invalid(what: str) -> ModuleError:
    return ModuleError(HResult.ERROR_INVALID_DATA, f"the DER {what}")
