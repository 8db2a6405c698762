"""Exit modules that break one rule each: the argument says which."""

import os
import sys
import time

import good

STATE = os.environ.get("STATE", "")
hoard = []
seen = set()


def first_life():
    """Whether no process of this module was there before."""
    path = os.path.join(STATE, "lives")
    before = os.path.exists(path)
    open(path, "a").close()
    return not before


class Initialize(good.Exit):
    def initialize(self, params):
        raise RuntimeError("the disk is full")


class Mask(good.Exit):
    greeting = {"events": 0}


class MaskKept(good.Exit):
    def initialize(self, params):
        # Asks for more once it has run before.
        events = ["cert-issued"] if first_life() else ["cert-issued", "crl-issued"]
        return {**super().initialize(params), "events": events}


class Description(good.Exit):
    def describe(self):
        return {"description": "  "}


class LongDescription(good.Exit):
    def describe(self):
        return {"description": "x" * 2000}


class TwoLines(good.Exit):
    def describe(self):
        return {"description": "one\ntwo"}


class NoDescribe(good.Exit):
    def describe(self):
        raise RuntimeError("not known")


class Fails(good.Exit):
    """Fails events of one name."""

    def __init__(self, name):
        self.name = name

    def notify(self, params):
        if params["event"]["name"] == self.name:
            raise RuntimeError(f"cannot handle {self.name}")
        return {}


class OnlyIssued(good.Exit):
    greeting = {"events": ["cert-issued"]}

    def ordinary(self, params):
        return params["event"]["name"] == "cert-issued"


class Hold(good.Exit):
    def notify(self, params):
        if params["request"].get("RevokedReason") == 6:
            raise KeyError("6")
        return {}


class Unreadable(good.Exit):
    def notify(self, params):
        # A request that could not be read has no subject.
        if params["event"]["name"] == "cert-denied":
            params["request"]["RawName"]
        return {}


class NoDelta(good.Exit):
    def notify(self, params):
        if params["event"]["name"] == "crl-issued":
            good.call_back("server.certificate_property", context=params["context"], name="RawDeltaCRL.0")
        return {}


class Repeat(OnlyIssued):
    def notify(self, params):
        if params["event"]["attempt"] == 3:
            raise RuntimeError("File exists")
        return {}


class SameAttempt(OnlyIssued):
    last = None

    def notify(self, params):
        key = (params["event"]["id"], params["event"]["attempt"])
        if key == self.last:
            raise RuntimeError("seen already")
        self.last = key
        return {}


class Batch(good.Batches):
    def notify_batch(self, events):
        return {"delivered": len(events) - 1, "error": {"code": -32000, "message": "no more than seven"}}


class UnknownRepeat(OnlyIssued):
    """Not in the table: after a kill it may be told of either event twice."""

    def notify(self, params):
        event = params["event"]
        if event["attempt"] > 1 and event["id"] not in seen:
            raise RuntimeError("a repeat of what was never told")
        seen.add(event["id"])
        return {}


class Impatient(OnlyIssued):
    """Not in the table: gives up when the server does not answer at once."""

    def notify(self, params):
        import select

        good.send(id="cb", method="server.extensions", params={"context": params["context"]})
        if not select.select([sys.stdin], [], [], 0.3)[0]:
            raise RuntimeError("the server does not answer")
        good.read()
        return {}


class Elsewhere(OnlyIssued):
    first = True

    def notify(self, params):
        # Keeps its list in a file, and refuses what is in it; only for what it has not in memory.
        path = os.path.join(STATE, f"event-{params['event']['id']}")
        if self.first and params["event"]["attempt"] == 1 and os.path.exists(path):
            raise RuntimeError("the event is in the list already")
        self.first = False
        open(path, "a").close()
        return {}


class Unasked(OnlyIssued):
    def notify(self, params):
        if params["event"]["name"] != "cert-issued" and params["event"]["bit"] < 0x1000:
            raise RuntimeError("not asked for")
        return {}


class Unknown(good.Exit):
    def notify(self, params):
        if params["event"]["bit"] > 0x200:
            raise KeyError(params["event"]["name"])
        return {}


class UnknownMethod(good.Exit):
    def unknown(self, call):
        good.send(id=call["id"], result={})


class DiesOfTheUnknown(good.Exit):
    def unknown(self, call):
        sys.exit(3)


class Stop(good.Exit):
    def stop(self):
        while True:
            time.sleep(1)


class LeavesOneBehind(good.Exit):
    def stop(self):
        import subprocess

        subprocess.Popen(["sleep", "30"], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        sys.exit(0)


class Killed(OnlyIssued):
    def initialize(self, params):
        # A lock that only an orderly end takes away; a life cut off before its first event leaves none.
        self.lock = os.path.join(STATE, "lock")
        if os.path.exists(self.lock):
            raise RuntimeError("another instance is running")
        return super().initialize(params)

    def notify(self, params):
        open(self.lock, "a").close()
        return {}

    def stop(self):
        if os.path.exists(self.lock):
            os.remove(self.lock)
        sys.exit(0)


class Missing(good.Exit):
    def notify(self, params):
        if params["event"]["name"] == "cert-issued":
            params["certificate"]["CertificateTemplate"]
        return {}


class Strange(good.Exit):
    def notify(self, params):
        params["certificate"].get("CommonName", "").encode("latin-1")
        return {}


class Huge(good.Exit):
    def notify(self, params):
        if len(params["request"].get("RequestAttributes", "")) > 4096:
            raise RuntimeError("value too long for the column")
        return {}


class HugeCrl(good.Exit):
    def notify(self, params):
        if params["event"]["name"] == "crl-issued":
            crl = good.call_back("server.certificate_property", context=params["context"], name="RawCRL.0")
            if len(crl["value"]["base64"]) > 65536:
                raise RuntimeError("the CRL does not fit")
        return {}


class Late(good.Exit):
    def notify(self, params):
        if params["event"]["occurred"] < "2010":
            raise RuntimeError("too old")
        return {}


class Latency(OnlyIssued):
    count = 0

    def notify(self, params):
        # Slow from the fifth in a row on: only a load shows it.
        self.count += 1
        if self.count > 8:
            time.sleep(0.6)
        return {}


class Memory(OnlyIssued):
    count = 0

    def notify(self, params):
        hoard.append(bytearray(os.urandom(1 << 20)))
        return {}


class Garbage(good.Exit):
    def notify(self, params):
        if params["event"]["name"] == "cert-imported":
            print("imported!")
        return {}


if __name__ == "__main__":
    which = sys.argv[1]
    module = Fails(which[6:]) if which.startswith("fails:") else globals()[which]()
    module.serve()
