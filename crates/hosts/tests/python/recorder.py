"""An exit module on the Python package that does a little of everything."""

import logging
import os
import threading

from exeunt_module import Event, ExitModule, HResult, ModuleError, Server, Setup, run

STATE = os.environ["STATE"]
writing = threading.Lock()


def note(text: str) -> None:
    with writing, open(os.path.join(STATE, "seen"), "a", encoding="utf-8") as seen:
        seen.write(text + "\n")


class Recorder(ExitModule):
    events = ["cert-issued", "crl-issued", "shutdown"]
    batch = 10

    def initialize(self, setup: Setup, server: Server) -> None:
        self.description = f"records {setup.ca} for {setup.setting('reader')}"
        note(f"initialize {server.ca['CAType']} {server.certificate_property('CRLState.0')}")
        logging.getLogger(__name__).info("ready")
        print("this is no message of the protocol")

    def notify(self, event: Event, server: Server) -> None:
        if event.name == "crl-issued":
            crl = server.certificate_property("RawCRL.0")
            assert isinstance(crl, bytes)
            note(f"{event.id} crl {crl.hex()}")
            return
        if event.id == 43 and event.attempt == 1:
            raise ModuleError(HResult.ERROR_FILE_EXISTS, "43 exists")
        try:
            server.request_property("CallerName")
        except ModuleError as error:
            assert error.is_empty, error
        note(f"{event.id} {event.name} {server.request.text('RequesterName')}")

    def about(self) -> dict:
        return {"Product Version": "2.1"}

    def shut_down(self) -> None:
        note("shut down")


run(Recorder(), threads=4)
