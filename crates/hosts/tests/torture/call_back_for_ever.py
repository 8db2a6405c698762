"""Each answer leads to the next question."""
import good

FIRST = good.life() == 1


def notify(call):
    while FIRST:
        good.call_back("server.request_property", context=call["params"]["context"], name="RequestID")


good.good(notify)
