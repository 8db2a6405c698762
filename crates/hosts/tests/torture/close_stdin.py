import os
import time

import good

FIRST = good.life() == 1


def notify(call):
    if FIRST:
        good.send(id=call["id"], result={})
        os.close(0)
        time.sleep(600)


good.good(notify)
