import good

FIRST = good.life() == 1


def initialize(call):
    if FIRST:
        good.send(id=call["id"], error={"code": 1, "message": "no table", "data": {"hresult": "0x80070002"}})
    else:
        good.greet(call)


good.good(None, initialize)
