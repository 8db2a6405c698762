"""Hands the endpoint what it is sent, verified and read, and looks at what it leaves behind."""

import tempfile
import unittest
from pathlib import Path

from exeunt_module.testing import cloud_event

from endpoint import Lines


def issued(**more):
    """The event of a certificate that was issued."""
    return cloud_event("cert-issued", id=41, request_id=7, certificate={"SerialNumber": "1a2b"}, **more)


class TestEndpoint(unittest.TestCase):
    def test_an_event_leaves_one_line_however_often_it_comes(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "lines")
            Lines(file).record(issued(source="urn:example:ca"))
            # Repeats come after a restart too.
            Lines(file).record(issued(source="urn:example:ca", attempt=2))
            self.assertEqual(file.read_text(), "urn:example:ca 41 cert-issued request 7 serial 1a2b\n")

    def test_a_line_that_a_crash_cut_off_is_written_again(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "lines")
            file.write_text("urn:example:ca 40 cert-issued request 6 serial 00\nurn:example:ca 41 cert-is")
            Lines(file).record(issued(source="urn:example:ca"))
            self.assertEqual(file.read_text().splitlines()[2:], ["urn:example:ca 41 cert-issued request 7 serial 1a2b"])

    def test_the_same_number_from_another_authority_is_another_event(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "lines")
            for source in ("urn:example:ca", "urn:example:other"):
                Lines(file).record(issued(source=source))
            self.assertEqual(len(file.read_text().splitlines()), 2)

    def test_what_cannot_be_written_comes_again(self):
        with self.assertRaisesRegex(OSError, "/nonexistent/lines"):
            Lines(Path("/nonexistent/lines")).record(issued())


if __name__ == "__main__":
    unittest.main()
