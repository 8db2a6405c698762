"""Calls the component as the server does, but as plain Python: what it would read of the server is given here."""

import sys
import unittest
from pathlib import Path
from unittest import mock

BINDINGS = Path(__file__).with_name("bindings")
if not BINDINGS.is_dir():
    sys.exit("no bindings: componentize-py --wit-path wit --world exeunt:modules/exit bindings bindings")
sys.path.insert(0, str(BINDINGS))

import app  # noqa: E402
from componentize_py_types import Err  # noqa: E402
from wit_world.imports import server  # noqa: E402
from wit_world.imports.types import (  # noqa: E402
    ExitEvent, ExitEvents, Installation, Level, ModuleError, Moment, Notification, Value_String,
)

EMPTY = Err(ModuleError(0x80094004, "there is no value"))


def notify(event, serial):
    """Tells of an event whose certificate has this serial number: what was logged."""
    with (
        mock.patch.object(server, "certificate_property", side_effect=[serial]) as read,
        mock.patch.object(server, "log") as log,
    ):
        app.ExitModule().notify(Notification(41, event, Moment(0, 0), 7, 1, bytes(32)))
    return read.call_count, [call.args for call in log.call_args_list]


class TestApp(unittest.TestCase):
    def setUp(self):
        app.settings.clear()
        installation = Installation("@name@", "Example CA", [("prefix", "new")])
        self.assertEqual(app.ExitModule().initialize(installation), ExitEvents.CERT_ISSUED | ExitEvents.CERT_REVOKED)

    def test_a_certificate_is_logged(self):
        lines = notify(ExitEvent.CERT_ISSUED, Value_String("1a2b"))
        self.assertEqual(lines, (1, [(Level.INFO, "41 new 1a2b cert-issued")]))

    def test_other_events_are_nothing_to_do(self):
        self.assertEqual(notify(ExitEvent.CERT_PENDING, Value_String("1a2b")), (0, []))

    def test_what_cannot_be_read_comes_again(self):
        with self.assertRaises(Err) as failed:
            notify(ExitEvent.CERT_REVOKED, EMPTY)
        self.assertEqual(failed.exception.value.code, 0x80094004)


if __name__ == "__main__":
    unittest.main()
