"""Says more than it must."""
import good

good.life()


def initialize(call):
    good.send(method="x-progress", params={"done": 1})
    good.send(method="log", params={"level": "info", "message": "starting", "more": [1, 2]})
    good.send(id=call["id"], result={"protocol": 1, "events": ["cert-issued"], "colour": "blue"}, extra=None)


def notify(call):
    print("\r\n   ", flush=True)
    good.send(id=call["id"], result=None)
    return True


good.good(notify, initialize)
