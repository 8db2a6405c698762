"""Policy modules that break one rule each: the argument says which."""

import os
import sys
import time

import good

STATE = os.environ.get("STATE", "")
hoard = []
ISSUE = {"decision": "issue"}


def set_property(params, name, value):
    good.call_back("server.set_certificate_property", context=params["context"], name=name, value=value)


class Initialize(good.Policy):
    def initialize(self, params):
        raise RuntimeError("no rules")


class Description(good.Policy):
    def describe(self):
        return {"description": ""}


class Perhaps(good.Policy):
    def verify_request(self, params):
        # An answer that is none, for one kind of request only.
        resubmitted = not params["new"]
        return {"decision": "perhaps"} if resubmitted else ISSUE


class Never(good.Policy):
    """Not in the table: it decides on nothing."""

    def verify_request(self, params):
        raise RuntimeError("no rules")


class Impatient(good.Policy):
    """Not in the table: gives up when the server does not answer at once."""

    def verify_request(self, params):
        import select

        good.send(id="cb", method="server.extensions", params={"context": params["context"]})
        if not select.select([sys.stdin], [], [], 0.3)[0]:
            sys.exit(6)
        good.read()
        return ISSUE


class Person(good.Policy):
    def verify_request(self, params):
        if params["certificate"].get("OrgUnit") == "People":
            raise RuntimeError("no rule for persons")
        return ISSUE


class NoSubject(good.Policy):
    def verify_request(self, params):
        if "CertificateTemplate" in params["certificate"]:
            params["request"]["CommonName"]
        return ISSUE


class NoNames(good.Policy):
    def verify_request(self, params):
        names = [one for one in params["extensions"] if one["oid"] == "2.5.29.17"]
        if params["attributes"] or not params["extensions"] or "CA" in params["request"].get("CommonName", ""):
            return ISSUE
        if "UPN" not in params["certificate"]:
            names[0]
        return ISSUE


class SubCa(good.Policy):
    def verify_request(self, params):
        if any(one["oid"] == "2.5.29.19" for one in params["extensions"]):
            raise RuntimeError("never")
        return ISSUE


class Twice(good.Policy):
    last = None

    def verify_request(self, params):
        number = params["request"]["RequestID"]
        seen, self.last = self.last, number
        self.times = self.times + 1 if seen == number else 1
        # The load asks for the same request over and over: only the second time counts here.
        if self.times == 2 and not os.path.exists(os.path.join(STATE, "once")):
            open(os.path.join(STATE, "once"), "a").close()
            raise RuntimeError("decided already")
        return ISSUE


class Writes(good.Policy):
    def verify_request(self, params):
        return {**ISSUE, "set_properties": {"SerialNumber": "00"}}


class Later(good.Policy):
    def verify_request(self, params):
        try:
            set_property(params, "NotAfter", "2099-01-01T00:00:00Z")
        except RuntimeError:
            return {"decision": "deny", "message": "too short"}
        return ISSUE


class Refused(good.Policy):
    def verify_request(self, params):
        try:
            set_property(params, "OrgUnit", "Servers")
        except RuntimeError:
            pass
        return ISSUE


class FailingServer(good.Policy):
    def verify_request(self, params):
        good.send(id=1, method="server.extensions", params={"context": params["context"]})
        if "result" not in good.read():
            sys.exit(4)
        return ISSUE


class Killed(good.Policy):
    def initialize(self, params):
        self.lock = os.path.join(STATE, "lock")
        if os.path.exists(self.lock):
            raise RuntimeError("another instance is running")
        return super().initialize(params)

    def verify_request(self, params):
        open(self.lock, "a").close()
        return ISSUE

    def stop(self):
        if os.path.exists(self.lock):
            os.remove(self.lock)
        sys.exit(0)


class Stop(good.Policy):
    def stop(self):
        while True:
            time.sleep(1)


class UnknownMethod(good.Policy):
    def unknown(self, call):
        sys.exit(3)


class Missing(good.Policy):
    def verify_request(self, params):
        if "CertificateTemplate" not in params["certificate"]:
            sys.exit(5)
        return ISSUE


class Strange(good.Policy):
    def verify_request(self, params):
        params["certificate"].get("CommonName", "").encode("latin-1")
        return ISSUE


class Huge(good.Policy):
    def verify_request(self, params):
        if len(params["extensions"]) > 20:
            raise RuntimeError("too many extensions")
        return ISSUE


class Latency(good.Policy):
    count = 0

    def verify_request(self, params):
        number = params["request"]["RequestID"]
        self.count = self.count + 1 if getattr(self, "last", None) == number else 1
        self.last = number
        if self.count > 2:
            time.sleep(0.6)
        return ISSUE


class Memory(good.Policy):
    def verify_request(self, params):
        hoard.append(bytearray(os.urandom(1 << 20)))
        return ISSUE


if __name__ == "__main__":
    globals()[sys.argv[1]]().serve()
