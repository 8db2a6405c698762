#!/usr/bin/env python3
"""@name@: the endpoint of an exit module. It adds a line to a file for each certificate that is issued or revoked.

    python3 endpoint.py [HOST:PORT]
"""

import logging
import os
import sys
import threading
from pathlib import Path

from exeunt_module.receiver import https_server
from exeunt_module.webhook import CloudEvent, Endpoint

EVENTS = ["cert-issued", "cert-revoked"]
FOLDER = Path(__file__).resolve().parent


class Lines:
    """A file with a line for each event."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # Each connection has a thread of its own.
        self._writing = threading.Lock()

    def record(self, event: CloudEvent) -> None:
        """An event is done when this returns, and comes again after an exception.

        It can come twice, with the same source and number: the second time there is nothing to do.
        """
        if event.name not in EVENTS:
            return
        serial = event.certificate.text("SerialNumber", "-")
        begin = f"{event.source} {event.id} "
        with self._writing:
            self._add(begin, f"{event.name} request {event.subject} serial {serial}\n")

    def _add(self, begin: str, rest: str) -> None:
        with self._file.open("a+b") as lines:
            lines.seek(0)
            # What has no end was cut off by a crash: its event comes again.
            *whole, cut_off = lines.read().split(b"\n")
            if any(known.startswith(begin.encode()) for known in whole):
                return
            lines.write((b"\n" if cut_off else b"") + (begin + rest).encode())
            # Done means that it survives a crash.
            lines.flush()
            os.fsync(lines.fileno())


def main(address: str = "localhost:8443") -> None:
    logging.basicConfig()
    endpoint = Endpoint(
        secrets=[(FOLDER / "secret").read_text(encoding="ascii")],
        on_event=Lines(FOLDER / "lines").record,
        events=EVENTS,
        description="one line for each certificate",
    )
    host, _, port = address.rpartition(":")
    certificate, key = str(FOLDER / "endpoint.pem"), str(FOLDER / "endpoint.key")
    server = https_server(endpoint, certificate, key, host=host, port=int(port), path="/exeunt")
    print(f"https://{host}:{server.server_port}/exeunt is ready.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main(*sys.argv[1:])
