import good

FIRST = good.life() == 1


def notify(call):
    while FIRST:
        good.send(method="log", params={"level": "info", "message": "again"})


good.good(notify)
