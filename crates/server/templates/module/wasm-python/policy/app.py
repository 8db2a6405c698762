"""@name@: a policy module. It issues to names inside one domain, and denies the others."""

from typing import Optional

from componentize_py_types import Err
from names import dns_names, is_inside
from wit_world import exports
from wit_world.imports import server
from wit_world.imports.types import (
    Decision, Decision_Deny, Decision_Issue, Installation, ModuleError, PropertyType, Value_String,
)

CERTSRV_E_BAD_REQUESTSUBJECT = 0x80094001
CERTSRV_E_PROPERTY_EMPTY = 0x80094004
SUBJECT_ALT_NAME = "2.5.29.17"

#: What is kept between calls. Not in the object below: each call gets a new one.
settings: dict[str, str] = {}


class PolicyModule(exports.PolicyModule):
    def initialize(self, installation: Installation) -> None:
        """Settings come here, once for each instance. An error is shown to the operator."""
        settings.update(installation.settings)

    def verify_request(self, new: bool) -> Decision:
        """Issue, pend or deny. An error fails the request: it never means issue."""
        domain = settings.get("domain", "example.org")
        # Whoever checks the certificate goes by the alternative names: look at every one.
        names = alternative_names()
        if names is None:
            return denied("there are alternative names that are no DNS names")
        names += common_names()
        if not names:
            return denied("the request has no name")
        for name in names:
            if not is_inside(name, domain):
                return denied(f"{name} is not inside {domain}")
        return Decision_Issue()

    def description(self) -> str:
        return "names inside one domain"

    def about(self) -> list[tuple[str, str]]:
        return [("Product Version", "0.1.0")]

    def shut_down(self) -> None:
        pass


def denied(why: str) -> Decision:
    return Decision_Deny(ModuleError(CERTSRV_E_BAD_REQUESTSUBJECT, why))


def common_names() -> list[str]:
    """The common name of the request; empty without one."""
    try:
        name = server.request_property("CommonName", PropertyType.STRING)
    except Err as error:
        if error.value.code == CERTSRV_E_PROPERTY_EMPTY:
            return []
        raise
    return [name.value] if isinstance(name, Value_String) else []


def alternative_names() -> Optional[list[str]]:
    """The DNS names of the request; None where there are names of another kind."""
    try:
        extension = server.certificate_extension(SUBJECT_ALT_NAME)
    except Err as error:
        if error.value.code == CERTSRV_E_PROPERTY_EMPTY:
            return []
        raise
    return dns_names(extension.value)
