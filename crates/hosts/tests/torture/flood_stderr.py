import sys

import good

good.life()


def notify(call):
    for _ in range(200):
        sys.stderr.write("x" * 65536)
    for number in range(20000):
        sys.stderr.write(f"line {number}\n")
    sys.stderr.flush()


good.good(notify)
