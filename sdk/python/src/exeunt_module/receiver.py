"""A small HTTPS server around an Endpoint: for examples, tests, and receivers of moderate traffic."""

from __future__ import annotations

import logging
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Optional

from .webhook import Answer, Endpoint

_log = logging.getLogger(__name__)

#: Longer messages are refused; the server's own limit is the setting `message_bytes_max`.
BODY_BYTES_MAX = 16 << 20

#: Seconds for which a connection may be idle or a message may dawdle.
IDLE_S = 60.0


def https_server(
    endpoint: Endpoint,
    certificate: str,
    key: str,
    *,
    host: str = "",
    port: int = 8443,
    path: str = "/",
    client_ca: Optional[str] = None,
) -> ThreadingHTTPServer:
    """A server that listens; `serve_forever` serves, `server_port` is its port.

    `certificate` and `key` are PEM files. With `client_ca` a client certificate of that CA is demanded. Raises OSError where
    one of them cannot be used, or the port is taken.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise OSError(f"the certificate {certificate} with the key {key} cannot be used: {error}") from error
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except OSError as error:
            raise OSError(f"the CA certificate {client_ca} cannot be used: {error}") from error
        context.verify_mode = ssl.CERT_REQUIRED

    class Handler(BaseHTTPRequestHandler):
        # Connections are kept.
        protocol_version = "HTTP/1.1"
        timeout = IDLE_S
        # An answer leaves as one piece and at once.
        wbufsize = -1
        disable_nagle_algorithm = True

        def setup(self) -> None:
            # Here, on the connection's own thread: a client that does not finish its handshake keeps nobody waiting.
            self.request.settimeout(IDLE_S)
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            try:
                super().finish()
            finally:
                self.request.close()

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if self.path.partition("?")[0] != path:
                self.close_connection = True
                self._send(Answer(404, {}, b""))
            elif not (length.isascii() and length.isdigit()) or int(length) > BODY_BYTES_MAX:
                self.close_connection = True
                self._send(Answer(413 if length else 411, {}, b""))
            else:
                body = self.rfile.read(int(length))
                if len(body) == int(length):
                    self._send(endpoint.handle(dict(self.headers.items()), body))

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: the endpoint says what matters."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that fails TLS or goes away is its own business: a line for who looks for it."""
            _log.info("the connection from %s ended: %s", client_address, sys.exc_info()[1])

    return Server((host, port), Handler)
