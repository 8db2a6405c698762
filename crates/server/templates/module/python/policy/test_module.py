"""Asks the module as the server does, and looks at what it decides."""

import unittest

from exeunt_module.testing import FakeServer, setup

from @snake@ import @Type@


def decided(common_name=None, *names):
    """What the module decides on a request with this common name and these alternative names."""
    module = @Type@()
    module.initialize(setup(role="policy", domain="example.com"), FakeServer())
    request = {} if common_name is None else {"CommonName": common_name}
    return module.verify_request(FakeServer(request=request, alternative_names=names), True).decision


class Test@Type@(unittest.TestCase):
    def test_names_inside_the_domain_are_issued(self):
        self.assertEqual(decided("www.example.com", "dns:www.example.com", "dns:example.com"), "issue")
        self.assertEqual(decided(None, "dns:WWW.example.com"), "issue")

    def test_one_name_outside_is_enough_to_deny(self):
        self.assertEqual(decided("www.example.net"), "deny")
        self.assertEqual(decided("www.example.net\\nwww.example.com"), "deny")
        self.assertEqual(decided("www.example.com", "dns:www.example.com", "dns:www.example.net"), "deny")
        self.assertEqual(decided("www.example.com", "uri:https://www.example.net/?.example.com"), "deny")

    def test_a_request_without_a_name_is_denied(self):
        self.assertEqual(decided(), "deny")


if __name__ == "__main__":
    unittest.main()
