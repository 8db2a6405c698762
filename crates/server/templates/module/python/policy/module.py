#!/usr/bin/env python3
"""@name@: a policy module. It issues to names inside one domain, and denies the others."""

import re

from exeunt_module import AlternativeName, Decision, HResult, PolicyModule, PolicyServer, Server, Setup, run


class @Type@(PolicyModule):
    description = "names inside one domain"

    def initialize(self, setup: Setup, server: Server) -> None:
        """Settings come here, once for each process. An exception is shown to the operator."""
        self.domain = setup.setting("domain", "example.org")

    def verify_request(self, request: PolicyServer, new: bool) -> Decision:
        """Issue, pend or deny. An exception fails the request: it never means issue."""
        # Whoever checks the certificate goes by the alternative names: look at every one.
        names = request.alternative_names()
        if "CommonName" in request.request:
            names.append(AlternativeName("dns", request.request.text("CommonName")))
        if not names:
            return Decision.deny("the request has no name", HResult.BAD_REQUEST_SUBJECT)
        for name in names:
            if name.kind != "dns" or not self._is_inside(name.value):
                return Decision.deny(f"{name} is not inside {self.domain}", HResult.BAD_REQUEST_SUBJECT)
        return Decision.issue()

    def _is_inside(self, name: str) -> bool:
        # Several common names come as lines of one: nothing but what names are made of.
        plain = re.fullmatch(r"[A-Za-z0-9.-]+", name) is not None
        return plain and (name.lower() == self.domain or name.lower().endswith("." + self.domain))


if __name__ == "__main__":
    run(@Type@())
