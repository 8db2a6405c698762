"""@name@: an exit module. It writes a line into the server's log for each certificate that is issued or revoked."""

from componentize_py_types import Err
from lines import line
from wit_world import exports
from wit_world.imports import server
from wit_world.imports.types import (
    ExitEvent, ExitEvents, Installation, Level, ModuleError, Notification, PropertyType, Value_String,
)

ERROR_INVALID_DATA = 0x8007000D

#: What is kept between calls. Not in the object below: each call gets a new one.
settings: dict[str, str] = {}


class ExitModule(exports.ExitModule):
    def initialize(self, installation: Installation) -> ExitEvents:
        """Settings come here, once for each instance. An error is shown to the operator."""
        settings.update(installation.settings)
        return ExitEvents.CERT_ISSUED | ExitEvents.CERT_REVOKED

    def notify(self, notification: Notification) -> None:
        """An event is done when this returns, and comes again after an error. It can come twice, with the same number."""
        if notification.event not in (ExitEvent.CERT_ISSUED, ExitEvent.CERT_REVOKED):
            return
        serial = server.certificate_property("SerialNumber", PropertyType.STRING)
        if not isinstance(serial, Value_String):
            raise Err(ModuleError(ERROR_INVALID_DATA, "SerialNumber is no text"))
        prefix = settings.get("prefix", "certificate")
        server.log(Level.INFO, line(prefix, notification.id, notification.event.name, serial.value))

    def description(self) -> str:
        return "one line for each certificate"

    def about(self) -> list[tuple[str, str]]:
        return [("Product Version", "0.1.0")]
