import sys

import good

FIRST = good.life() == 1


def notify(call):
    while FIRST:
        sys.stdout.write("x" * 65536 + "\n")


good.good(notify)
