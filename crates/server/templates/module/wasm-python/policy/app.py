"""@name@: a policy module. It issues to names inside one domain, and denies the others."""

from componentize_py_types import Err
from names import is_inside
from wit_world import exports
from wit_world.imports import server
from wit_world.imports.types import (
    Decision, Decision_Deny, Decision_Issue, Installation, ModuleError, PropertyType, Value_String,
)

CERTSRV_E_BAD_REQUESTSUBJECT = 0x80094001
CERTSRV_E_PROPERTY_EMPTY = 0x80094004

#: What is kept between calls. Not in the object below: each call gets a new one.
settings: dict[str, str] = {}


class PolicyModule(exports.PolicyModule):
    def initialize(self, installation: Installation) -> None:
        """Settings come here, once for each instance. An error is shown to the operator."""
        settings.update(installation.settings)

    def verify_request(self, new: bool) -> Decision:
        """Issue, pend or deny. An error fails the request: it never means issue."""
        domain = settings.get("domain", "example.org")
        if is_inside(common_name(), domain):
            return Decision_Issue()
        return Decision_Deny(ModuleError(CERTSRV_E_BAD_REQUESTSUBJECT, f"the common name is not inside {domain}"))

    def description(self) -> str:
        return "names inside one domain"

    def about(self) -> list[tuple[str, str]]:
        return [("Product Version", "0.1.0")]

    def shut_down(self) -> None:
        pass


def common_name() -> str:
    """The common name of the request; empty without one."""
    try:
        name = server.request_property("CommonName", PropertyType.STRING)
    except Err as error:
        if error.value.code == CERTSRV_E_PROPERTY_EMPTY:
            return ""
        raise
    return name.value if isinstance(name, Value_String) else ""
