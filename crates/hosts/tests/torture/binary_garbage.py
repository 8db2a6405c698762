import sys

import good

FIRST = good.life() == 1


def notify(call):
    if FIRST:
        sys.stdout.buffer.write(bytes(range(128, 256)) + b"\n")
        sys.stdout.flush()


good.good(notify)
