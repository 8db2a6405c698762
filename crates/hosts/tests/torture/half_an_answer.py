import os
import sys

import good

FIRST = good.life() == 1


def notify(call):
    if FIRST:
        sys.stdout.write('{"jsonrpc":"2.0","id":%d,"resu' % call["id"])
        sys.stdout.flush()
        os._exit(0)


good.good(notify)
