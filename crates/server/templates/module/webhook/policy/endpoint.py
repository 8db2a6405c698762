#!/usr/bin/env python3
"""@name@: the endpoint of a policy module. It issues to names inside one domain, and denies the others.

    python3 endpoint.py [HOST:PORT]
"""

import logging
import re
import sys
from pathlib import Path

from exeunt_module import AlternativeName, Decision, HResult
from exeunt_module.receiver import https_server
from exeunt_module.webhook import Amendments, CloudEvent, Endpoint

DOMAIN = "example.org"
FOLDER = Path(__file__).resolve().parent


def decide(event: CloudEvent, amendments: Amendments) -> Decision:
    """Issue, pend or deny; `amendments` sets what is to be in the certificate.

    An exception fails the request: it never means issue.
    """
    # Whoever checks the certificate goes by the alternative names: look at every one.
    names = event.alternative_names()
    if "CommonName" in event.request:
        names.append(AlternativeName("dns", event.request.text("CommonName")))
    if not names:
        return Decision.deny("the request has no name", HResult.BAD_REQUEST_SUBJECT)
    for name in names:
        if name.kind != "dns" or not is_inside(name.value):
            return Decision.deny(f"{name} is not inside {DOMAIN}", HResult.BAD_REQUEST_SUBJECT)
    return Decision.issue()


def is_inside(name: str) -> bool:
    # Several common names come as lines of one: nothing but what names are made of.
    plain = re.fullmatch(r"[A-Za-z0-9.-]+", name) is not None
    return plain and (name.lower() == DOMAIN or name.lower().endswith("." + DOMAIN))


def main(address: str = "localhost:8443") -> None:
    logging.basicConfig()
    endpoint = Endpoint(
        secrets=[(FOLDER / "secret").read_text(encoding="ascii")],
        on_request=decide,
        description=f"names inside {DOMAIN}",
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
