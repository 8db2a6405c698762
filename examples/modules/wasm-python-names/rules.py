"""What is allowed: no server, no component, so that it can be tested anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

# The tags of GeneralName that name machines (RFC 5280, 4.2.1.6).
DNS_NAME = 0x82
IP_ADDRESS = 0x87
SEQUENCE = 0x30

LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\Z")


class Answer(IntEnum):
    """What is to become of a request; the greater is the more restrictive."""

    ISSUE = 0
    PEND = 1
    DENY = 2


@dataclass(frozen=True)
class Rules:
    domains: list[str]
    wildcards: Answer
    days: int | None

    @classmethod
    def of(cls, settings: dict[str, str]) -> Rules:
        """The rules that these settings make; `ValueError` says what is wrong with them."""
        unknown = settings.keys() - {"domains", "wildcards", "days"}
        if unknown:
            raise ValueError(f"there is no setting {', '.join(sorted(unknown))}")
        domains = [domain.strip().lower().strip(".") for domain in settings.get("domains", "").split(",")]
        if not all(is_dns_name(domain) for domain in domains):
            raise ValueError("the setting `domains` is not a list of domains: write example.org,example.net")
        try:
            wildcards = Answer[settings.get("wildcards", "pend").upper()]
        except KeyError:
            raise ValueError("the setting `wildcards` is `issue`, `pend` or `deny`") from None
        days = int(settings["days"]) if "days" in settings else None
        if days is not None and days < 1:
            raise ValueError("the setting `days` is not above 0")
        return cls(domains, wildcards, days)

    def judge(self, names: list[str]) -> tuple[Answer, str]:
        """The most restrictive answer to any of the names, and why."""
        if not names:
            return Answer.DENY, "the request names nothing"
        return max((self.judge_one(name) for name in names), key=lambda judged: judged[0])

    def judge_one(self, name: str) -> tuple[Answer, str]:
        bare = name.lower().rstrip(".")
        wildcard = bare.startswith("*.")
        bare = bare.removeprefix("*.")
        if not is_dns_name(bare):
            return Answer.DENY, f"{name!r} is not a DNS name"
        if not any(bare == domain or bare.endswith("." + domain) for domain in self.domains):
            return Answer.DENY, f"{name} is not under {', '.join(self.domains)}"
        if wildcard:
            return self.wildcards, f"{name} is a wildcard"
        return Answer.ISSUE, ""


def is_dns_name(text: str) -> bool:
    return len(text) <= 253 and all(len(label) <= 63 and LABEL.match(label) for label in text.split("."))


def alternative_names(extension: bytes) -> list[str]:
    """The machines that a subject alternative name names, addresses in a form that no rule allows."""
    tag, content, rest = element(extension)
    if tag != SEQUENCE or rest:
        raise ValueError("it is not one sequence")
    names = []
    while content:
        tag, value, content = element(content)
        if tag == DNS_NAME:
            names.append(value.decode("ascii"))
        elif tag == IP_ADDRESS:
            names.append(f"address {value.hex()}")
    return names


def element(der: bytes) -> tuple[int, bytes, bytes]:
    """The tag and the content of the first element, and what follows it."""
    if len(der) < 2:
        raise ValueError("it ends too early")
    tag, length, start = der[0], der[1], 2
    if length >= 0x80:
        octets = length - 0x80
        if not 1 <= octets <= 3:
            raise ValueError("a length is not of DER")
        start += octets
        length = int.from_bytes(der[2:start], "big")
    end = start + length
    if end > len(der):
        raise ValueError("it ends too early")
    return tag, der[start:end], der[end:]
