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
        else:
            add(self.file, event.id, line)


def add(file: Path, number: int, line: str) -> None:
    """Adds the event's line, once."""
    with file.open("a+b") as lines:
        lines.seek(0)
        # What has no end was cut off by a crash: its event comes again.
        *whole, cut_off = lines.read().split(b"\n")
        if any(known.startswith(b"%d " % number) for known in whole):
            return
        lines.write((b"\n" if cut_off else b"") + line.encode() + b"\n")
        # Done means that it survives a crash.
        lines.flush()
        os.fsync(lines.fileno())


if __name__ == "__main__":
    run(@Type@())
