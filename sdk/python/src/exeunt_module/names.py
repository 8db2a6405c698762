"""Subject alternative names (RFC 5280 4.2.1.6), read and written."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Iterable, List

from . import der
from .errors import HResult, ModuleError

#: Object identifier of the extension.
SUBJECT_ALT_NAME = "2.5.29.17"

_UPN = "1.3.6.1.4.1.311.20.2.3"
_UTF8_STRING = 0x0C

# GeneralName's choices, by tag octet.
_OTHER, _EMAIL, _DNS, _DIRECTORY, _URI, _IP, _REGISTERED = 0xA0, 0x81, 0x82, 0xA4, 0x86, 0x87, 0x88
_OPAQUE = (0xA3, 0xA5)  # x400Address and ediPartyName, which nobody uses
_TEXTS = {_EMAIL: "email", _DNS: "dns", _URI: "uri"}


@dataclass(frozen=True)
class AlternativeName:
    """One name. As text it is what the server shows: `dns:www.example.org`."""

    #: `dns`, `email`, `uri`, `ip`, `upn`, `rid`; and `dn`, `other`, `opaque`.
    kind: str
    #: The name; of the last three kinds the DER inside, in hex.
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> AlternativeName:
        """A name from the text that `str` makes of it."""
        kind, colon, value = text.partition(":")
        if not colon or not value:
            raise ModuleError(HResult.E_INVALIDARG, f"`{text}` is no alternative name: write dns:www.example.org")
        return cls(kind, value)


def read_names(value: bytes) -> List[AlternativeName]:
    """The names in the value of the extension, in their order.

    Raises `ERROR_INVALID_DATA` where it cannot be read: never take that for *no names*.
    """
    return [_read(tag, content) for tag, content in der.elements(der.only(value, der.SEQUENCE))]


def write_names(names: Iterable[AlternativeName]) -> bytes:
    """The value of an extension with these names: of the kinds `dns`, `email`, `uri`, `ip` and `upn`."""
    written = b"".join(_write(name) for name in names)
    if not written:
        raise ModuleError(HResult.E_INVALIDARG, "an extension of alternative names needs a name")
    return der.element(der.SEQUENCE, written)


def _read(tag: int, content: bytes) -> AlternativeName:
    if tag in _TEXTS:
        if not content.isascii():
            raise ModuleError(HResult.ERROR_INVALID_DATA, "an alternative name has characters that are not ASCII")
        return AlternativeName(_TEXTS[tag], content.decode("ascii"))
    if tag == _IP:
        if len(content) not in (4, 16):
            raise ModuleError(HResult.ERROR_INVALID_DATA, f"an IP address of {len(content)} octets")
        return AlternativeName("ip", str(ip_address(content)))
    if tag == _REGISTERED:
        return AlternativeName("rid", der.read_oid(content))
    if tag == _DIRECTORY:
        return AlternativeName("dn", content.hex())
    if tag == _OTHER:
        return _read_other(content)
    if tag in _OPAQUE:
        return AlternativeName("opaque", der.element(tag, content).hex())
    raise ModuleError(HResult.ERROR_INVALID_DATA, f"0x{tag:02x} is no tag of an alternative name")


def _read_other(content: bytes) -> AlternativeName:
    parts = der.elements(content)
    if [tag for tag, _ in parts] != [der.OID, 0xA0]:
        raise ModuleError(HResult.ERROR_INVALID_DATA, "an otherName is not a type and a value")
    kind, value = der.read_oid(parts[0][1]), parts[1][1]
    inside = der.elements(value)
    if kind == _UPN and [tag for tag, _ in inside] == [_UTF8_STRING]:
        try:
            return AlternativeName("upn", inside[0][1].decode("utf-8"))
        except UnicodeDecodeError:
            raise ModuleError(HResult.ERROR_INVALID_DATA, "a user principal name is not UTF-8") from None
    return AlternativeName("other", f"{kind};{value.hex()}")


def _write(name: AlternativeName) -> bytes:
    for tag, kind in _TEXTS.items():
        if kind == name.kind:
            if not name.value or not name.value.isascii():
                raise ModuleError(HResult.E_INVALIDARG, f"{name} is empty or not ASCII")
            return der.element(tag, name.value.encode("ascii"))
    if name.kind == "ip":
        try:
            return der.element(_IP, ip_address(name.value).packed)
        except ValueError:
            raise ModuleError(HResult.E_INVALIDARG, f"{name} is not an IP address") from None
    if name.kind == "upn" and name.value:
        text = der.element(_UTF8_STRING, name.value.encode("utf-8"))
        return der.element(_OTHER, der.oid(_UPN) + der.element(0xA0, text))
    raise ModuleError(HResult.E_INVALIDARG, f"{name} cannot be written: dns, email, uri, ip and upn can")
