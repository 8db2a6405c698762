"""Calls the module as the server does, and looks at what it leaves behind."""

import tempfile
import unittest
from pathlib import Path

from exeunt_module.testing import FakeServer, event, setup

from @snake@ import @Type@

CERTIFICATE = FakeServer(certificate={"SerialNumber": "1a2b"})


def started(**settings):
    """The module, initialised with these settings."""
    module = @Type@()
    module.initialize(setup(**settings), FakeServer())
    return module


class Test@Type@(unittest.TestCase):
    def test_an_event_leaves_one_line_however_often_it_comes(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "lines")
            started(file=str(file)).notify(event("cert-issued", id=41, request_id=7), CERTIFICATE)
            # Repeats come to other processes too.
            started(file=str(file)).notify(event("cert-issued", id=41, request_id=7, attempt=2), CERTIFICATE)
            self.assertEqual(file.read_text(), "41 cert-issued request 7 serial 1a2b\n")

    def test_a_line_that_a_crash_cut_off_is_written_again(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "lines")
            file.write_text("40 cert-issued request 6 serial 00\n41 cert-is")
            started(file=str(file)).notify(event("cert-issued", id=41, request_id=7), CERTIFICATE)
            self.assertEqual(file.read_text().splitlines()[2:], ["41 cert-issued request 7 serial 1a2b"])

    def test_what_cannot_be_written_comes_again(self):
        module = started(file="/nonexistent/lines")
        with self.assertRaisesRegex(OSError, "/nonexistent/lines"):
            module.notify(event("cert-issued"), CERTIFICATE)


if __name__ == "__main__":
    unittest.main()
