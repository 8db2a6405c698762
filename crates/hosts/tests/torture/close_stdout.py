import os
import time

import good

FIRST = good.life() == 1


def notify(call):
    if FIRST:
        os.close(1)
        time.sleep(600)


good.good(notify)
