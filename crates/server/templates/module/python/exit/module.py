#!/usr/bin/env python3
"""@name@: an exit module. It adds a line to a file for each certificate that is issued or revoked."""

import logging
import os
from pathlib import Path
from typing import Optional

from exeunt_module import Event, ExitModule, Server, Setup, run


class @Type@(ExitModule):
    events = ["cert-issued", "cert-revoked"]
    description = "one line for each certificate"

    def initialize(self, setup: Setup, server: Server) -> None:
        """Settings come here, once for each process. An exception is shown to the operator."""
        file = setup.settings.get("file")
        self.file: Optional[Path] = Path(file) if file else None

    def notify(self, event: Event, server: Server) -> None:
        """An event is done when this returns, and comes again after an exception.

        It can come twice, with the same number: the second time there is nothing to do.
        """
        if event.name not in self.events:
            return
        serial = server.certificate.text("SerialNumber", "-")
        line = f"{event.id} {event.name} request {event.request_id} serial {serial}"
        if self.file is None:
            logging.info("%s", line)
        elif not self._has(event.id):
            with self.file.open("a", encoding="utf-8") as lines:
                lines.write(line + "\n")
                # Done means that it survives a crash.
                lines.flush()
                os.fsync(lines.fileno())

    def _has(self, number: int) -> bool:
        assert self.file is not None
        if not self.file.exists():
            return False
        with self.file.open(encoding="utf-8") as lines:
            return any(line.startswith(f"{number} ") for line in lines)


if __name__ == "__main__":
    run(@Type@())
