import good

FIRST = good.life() == 1


def notify(call):
    hoard = []
    while FIRST:
        hoard.append(bytearray(16 << 20))


good.good(notify)
