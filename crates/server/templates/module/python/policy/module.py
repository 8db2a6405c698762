#!/usr/bin/env python3
"""@name@: a policy module. It issues to names inside one domain, and denies the others."""

from exeunt_module import Decision, HResult, PolicyModule, PolicyServer, Server, Setup, run


class @Type@(PolicyModule):
    description = "names inside one domain"

    def initialize(self, setup: Setup, server: Server) -> None:
        """Settings come here, once for each process. An exception is shown to the operator."""
        self.domain = setup.setting("domain", "example.org")

    def verify_request(self, request: PolicyServer, new: bool) -> Decision:
        """Issue, pend or deny. An exception fails the request: it never means issue."""
        name = request.request.text("CommonName")
        if name == self.domain or name.endswith("." + self.domain):
            return Decision.issue()
        return Decision.deny(f"the common name is not inside {self.domain}", HResult.BAD_REQUEST_SUBJECT)


if __name__ == "__main__":
    run(@Type@())
