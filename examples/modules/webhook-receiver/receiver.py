#!/usr/bin/env python3
"""Receives what a module of the kind `webhook` sends, and keeps an inventory of certificates in SQLite.

    receiver.py --secret-file secret --certificate server.pem --key server.key inventory.sqlite

It needs the package exeunt-module (sdk/python). As a policy endpoint it denies what `--deny` names: a part of a requester's
name, for instance.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Optional

from exeunt_module import Decision, HResult
from exeunt_module.receiver import https_server
from exeunt_module.values import format_moment
from exeunt_module.webhook import Amendments, CloudEvent, Endpoint

ISSUED = 20  # Request.Disposition; 21 is revoked.

SCHEMA = """
CREATE TABLE IF NOT EXISTS certificate (
    source     TEXT NOT NULL,
    request_id INTEGER NOT NULL,
    serial     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    requester  TEXT NOT NULL,
    not_after  TEXT NOT NULL,
    revoked    INTEGER NOT NULL,
    event_id   INTEGER NOT NULL,
    PRIMARY KEY (source, request_id)
);
"""


class Inventory:
    """The certificates of every authority that sends here."""

    def __init__(self, path: str, deny: Optional[str] = None) -> None:
        self._path = path
        self._deny = deny
        # SQLite has one writer; the others wait here and not in SQLite.
        self._writing = threading.Lock()
        with closing(self._open()) as database:
            database.executescript(SCHEMA)

    def record(self, event: CloudEvent) -> None:
        """Puts the certificate down as the event left it. Committed before the event is answered."""
        if event.name not in ("cert-issued", "cert-imported", "cert-revoked"):
            return
        row = (
            event.source,
            event.request.number("RequestID"),
            event.certificate.text("SerialNumber"),
            event.certificate.text("DistinguishedName"),
            event.request.text("RequesterName"),
            _moment(event),
            event.request.number("Disposition", ISSUED) != ISSUED,
            event.event.id,
        )
        with self._writing, closing(self._open()) as database, database:
            # A repeat leaves the same behind, and one that comes late does not undo what came after it.
            database.execute(
                "INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, request_id) DO UPDATE SET"
                " serial = excluded.serial, subject = excluded.subject, requester = excluded.requester,"
                " not_after = excluded.not_after, revoked = excluded.revoked, event_id = excluded.event_id"
                " WHERE excluded.event_id >= certificate.event_id",
                row,
            )

    def decide(self, event: CloudEvent, amendments: Amendments) -> Decision:
        """What a policy module of the kind `webhook` asks."""
        requester = event.request.text("RequesterName")
        if self._deny is not None and self._deny in requester:
            return Decision.deny(f"{requester} gets no certificates", HResult.E_ACCESSDENIED)
        return Decision.issue()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=10)
        database.execute("PRAGMA synchronous = FULL")
        return database


def _moment(event: CloudEvent) -> str:
    moment = event.certificate.moment("NotAfter")
    return "" if moment is None else format_moment(moment)


def main() -> None:
    parser = argparse.ArgumentParser(description="keeps an inventory of certificates")
    parser.add_argument("--secret-file", action="append", required=True, help="a file with a secret; twice while it changes")
    parser.add_argument("--certificate", required=True, help="PEM file of this endpoint's certificate and chain")
    parser.add_argument("--key", required=True, help="PEM file of its private key")
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--path", default="/exeunt")
    parser.add_argument("--deny", help="as a policy endpoint: deny requesters whose name holds this")
    parser.add_argument("--sign-answers", action="store_true", help="for `answer_signature=true`")
    parser.add_argument("database")
    options = parser.parse_args()

    inventory = Inventory(options.database, options.deny)
    endpoint = Endpoint(
        secrets=[Path(path).read_text(encoding="ascii").strip() for path in options.secret_file],
        on_event=inventory.record,
        on_request=inventory.decide,
        events=["cert-issued", "cert-imported", "cert-revoked"],
        description=f"inventory in {options.database}",
        sign_answers=options.sign_answers,
    )
    server = https_server(
        endpoint, options.certificate, options.key, host=options.host, port=options.port, path=options.path
    )
    print(f"listening on port {server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
