"""Asks the endpoint as the server does, and looks at what it decides."""

import unittest

from exeunt_module.testing import cloud_event
from exeunt_module.webhook import Amendments

from endpoint import decide


def decided(common_name=None, *names):
    """What the endpoint decides on a request with this common name and these alternative names."""
    request = {} if common_name is None else {"CommonName": common_name}
    return decide(cloud_event("verify-request", request=request, alternative_names=names), Amendments()).decision


class TestEndpoint(unittest.TestCase):
    def test_names_inside_the_domain_are_issued(self):
        self.assertEqual(decided("www.example.org", "dns:www.example.org", "dns:example.org"), "issue")
        self.assertEqual(decided(None, "dns:WWW.example.org"), "issue")

    def test_one_name_outside_is_enough_to_deny(self):
        self.assertEqual(decided("www.example.net"), "deny")
        self.assertEqual(decided("www.example.net\nwww.example.org"), "deny")
        self.assertEqual(decided("www.example.org", "dns:www.example.org", "dns:www.example.net"), "deny")
        self.assertEqual(decided("www.example.org", "uri:https://www.example.net/?.example.org"), "deny")

    def test_a_request_without_a_name_is_denied(self):
        self.assertEqual(decided(), "deny")


if __name__ == "__main__":
    unittest.main()
