"""Keeps a context and uses it in the next call."""
import good

good.life()
kept = []


def notify(call):
    for context in kept:
        late = good.call_back("server.request_property", context=context, name="RequestID")
        good.note("late " + late["error"]["data"]["hresult"])
    kept[:] = [call["params"]["context"]]
    now = good.call_back("server.request_property", context=kept[0], name="RequestID")
    good.note(f"now {now['result']['value']}")


good.good(notify)
