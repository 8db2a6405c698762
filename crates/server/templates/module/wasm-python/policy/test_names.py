import unittest

from names import dns_names, is_inside


class TestNames(unittest.TestCase):
    def test_names_inside_the_domain_are(self):
        for name, inside in [
            ("example.com", True), ("WWW.example.com", True), ("badexample.com", False), ("", False),
            ("www.example.net\nwww.example.com", False),
        ]:
            with self.subTest(name):
                self.assertEqual(is_inside(name, "example.com"), inside)

    def test_alternative_names_are_read_or_refused(self):
        self.assertEqual(dns_names(b"\x30\x06\x82\x01a\x82\x01b"), ["a", "b"])
        # An IP address; too short; too long; nothing.
        for der in [b"\x30\x06\x87\x04\x01\x02\x03\x04", b"\x30\x03\x82\x02a", b"\x30\x00\x00", b""]:
            with self.subTest(der):
                self.assertIsNone(dns_names(der))


if __name__ == "__main__":
    unittest.main()
