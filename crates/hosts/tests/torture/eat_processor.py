import good

FIRST = good.life() == 1


def notify(call):
    while FIRST:
        pass


good.good(notify)
