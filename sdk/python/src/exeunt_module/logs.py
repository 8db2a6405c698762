"""Log records into the server's log."""

from __future__ import annotations

import logging
from typing import Any, Callable, Dict

#: The server keeps so much of a message.
_MESSAGE_BYTES_MAX = 4096


class ServerHandler(logging.Handler):
    """Hands records to the server's `log`. `run` installs it on the root logger."""

    def __init__(self, notify: Callable[[str, Dict[str, Any]], None]) -> None:
        super().__init__()
        self._notify = notify
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """One record as one notification."""
        try:
            text = self.format(record).encode("utf-8", "replace")[:_MESSAGE_BYTES_MAX].decode("utf-8", "ignore")
            self._notify("log", {"level": _level(record.levelno), "message": text})
        except Exception:
            self.handleError(record)


def _level(number: int) -> str:
    for name, least in (("error", logging.ERROR), ("warn", logging.WARNING), ("info", logging.INFO)):
        if number >= least:
            return name
    return "debug" if number >= logging.DEBUG else "trace"
