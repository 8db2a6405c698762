"""Asks without ever reading an answer."""
import good

FIRST = good.life() == 1


def notify(call):
    while FIRST:
        good.send(id=1, method="server.attributes", params={"context": call["params"]["context"]})


good.good(notify)
