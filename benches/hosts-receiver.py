"""The endpoint of benches/hosts: verifies each message and writes a line, as the modules beside it do.

    hosts-receiver.py SECRET_FILE CERTIFICATE KEY

Prints the port it listens on.
"""

import logging
import sys
from pathlib import Path

from exeunt_module.receiver import https_server
from exeunt_module.webhook import CloudEvent, Endpoint


def line(event: CloudEvent) -> None:
    logging.info("%s %s serial %s", event.event.id, event.name, event.certificate.text("SerialNumber", "-"))


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    secret, certificate, key = sys.argv[1:]
    endpoint = Endpoint(
        secrets=[Path(secret).read_text(encoding="ascii").strip()],
        on_event=line,
        events=["cert-issued", "cert-revoked"],
        description="one line for each certificate",
    )
    server = https_server(endpoint, certificate, key, host="127.0.0.1", port=0, path="/exeunt")
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
