import unittest

from lines import line


class TestLines(unittest.TestCase):
    def test_a_line_says_which_certificate(self):
        self.assertEqual(line("certificate", 41, "CERT_ISSUED", "1a2b"), "41 certificate 1a2b cert-issued")


if __name__ == "__main__":
    unittest.main()
