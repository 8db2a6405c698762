import unittest

from names import is_inside


class TestNames(unittest.TestCase):
    def test_names_inside_the_domain_are(self):
        for name, inside in [("example.com", True), ("www.example.com", True), ("badexample.com", False), ("", False)]:
            with self.subTest(name):
                self.assertEqual(is_inside(name, "example.com"), inside)


if __name__ == "__main__":
    unittest.main()
