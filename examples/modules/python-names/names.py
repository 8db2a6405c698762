#!/usr/bin/env python3
"""A policy module that knows which requester may have which DNS names.

The rules are a JSON file from requester to zones, read again when it changes:

    {"EXAMPLE\\\\web": ["www.example.org", "*.shop.example.org"], "*": ["*.test.example.org"]}

`*.zone` stands for every name below the zone. A request with a name that its requester has no rule for is denied; one for a
wildcard certificate waits for a person. It needs the package exeunt-module (sdk/python).
"""

from __future__ import annotations

import json
import logging
import os
from typing import Dict, List, Optional, Tuple

from exeunt_module import Decision, HResult, ModuleError, PolicyModule, PolicyServer, Server, Setup, run

log = logging.getLogger(__name__)

SUBJECT_ALT_NAME = "2.5.29.17"

Rules = Dict[str, List[str]]


class Unfit(Exception):
    """The names of a request cannot be decided on, and why."""


class Names(PolicyModule):
    """The rules, and when they were read."""

    def __init__(self) -> None:
        self._path = ""
        self._rules: Rules = {}
        self._read: Optional[Tuple[int, int]] = None

    def initialize(self, setup: Setup, server: Server) -> None:
        self._path = setup.setting("rules")
        self._reload()
        self.description = f"DNS names by requester, from {self._path}"

    def verify_request(self, request: PolicyServer, new: bool) -> Decision:
        self._reload()
        requester = request.request.text("RequesterName")
        try:
            names = dns_names(request)
        except Unfit as unfit:
            # A refusal, not an error: a request that failed cannot be resubmitted.
            return Decision.deny(str(unfit), HResult.BAD_REQUEST_SUBJECT)
        zones = self._rules.get(requester, []) + self._rules.get("*", [])
        for name in names:
            if not any(covers(zone, name) for zone in zones):
                return Decision.deny(f"{requester} may not have {name}", HResult.E_ACCESSDENIED)
        if new and any(name.startswith("*.") for name in names):
            return Decision.pend("a wildcard: a person looks")
        # What a request brings is disabled until policy sets it. The common name follows the extension.
        request.set_certificate_extension(SUBJECT_ALT_NAME, request.certificate_extension(SUBJECT_ALT_NAME).value)
        if request.request.text("CommonName").lower() not in names:
            request.set_certificate_property("CommonName", names[0])
        return Decision.issue()

    def _reload(self) -> None:
        """Reads the rules if the file is another one than before. Unreadable rules fail the request."""
        found = os.stat(self._path)
        version = (found.st_mtime_ns, found.st_ino)
        if version == self._read:
            return
        with open(self._path, encoding="utf-8") as file:
            rules = json.load(file)
        if not isinstance(rules, dict) or not all(
            isinstance(zones, list) and all(isinstance(zone, str) for zone in zones) for zones in rules.values()
        ):
            raise ModuleError(HResult.ERROR_INVALID_DATA, f"{self._path} is not an object from requester to zones")
        self._rules = {who: [zone.lower() for zone in zones] for who, zones in rules.items()}
        self._read = version
        log.info("read the rules for %d requesters", len(self._rules))


def covers(zone: str, name: str) -> bool:
    """Whether a rule allows a name. `*.zone` also allows the wildcard itself."""
    if zone.startswith("*."):
        return name.endswith(zone[1:]) and len(name) > len(zone) - 1
    return name == zone


def dns_names(request: PolicyServer) -> List[str]:
    """The DNS names of the request, at least one, in lower case. Any other kind of name is unfit."""
    try:
        names = request.alternative_names()
    except ModuleError as error:
        if error.hresult != HResult.ERROR_INVALID_DATA:
            raise
        raise Unfit("the alternative names cannot be read") from error
    if not names:
        raise Unfit("the request names no host")
    if any(name.kind != "dns" for name in names):
        raise Unfit("only DNS names are decided on here")
    return [name.value.lower() for name in names]


if __name__ == "__main__":
    run(Names())
