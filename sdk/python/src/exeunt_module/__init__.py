"""Exit and policy modules for Exeunt, in Python. Needs nothing but the standard library.

A module is a class and a call::

    from exeunt_module import Event, ExitModule, Server, run

    class Inventory(ExitModule):
        events = ["cert-issued"]

        def notify(self, event: Event, server: Server) -> None:
            print(server.certificate["SerialNumber"])

    if __name__ == "__main__":
        run(Inventory())

The server starts the program, and speaks with it over standard input and output as docs/modules/protocol.md says. `run`
holds that conversation. `exeunt_module.webhook` verifies what a module of the kind `webhook` is sent.
"""

from .errors import HResult, ModuleError, Undelivered
from .module import Decision, Event, ExitModule, PolicyModule, Setup
from .names import AlternativeName
from .serve import run
from .server import Extension, PolicyServer, Row, Server
from .values import Value

__all__ = [
    "AlternativeName",
    "Decision",
    "Event",
    "ExitModule",
    "Extension",
    "HResult",
    "ModuleError",
    "PolicyModule",
    "PolicyServer",
    "Row",
    "Server",
    "Setup",
    "Undelivered",
    "Value",
    "run",
]

__version__ = "0.1.0"
