import signal
import sys
import time

import good

good.life()


def terminated(*_):
    good.note("terminated")
    sys.exit(0)


try:
    good.good()
except SystemExit:
    signal.signal(signal.SIGTERM, terminated)
    while True:
        time.sleep(1)
