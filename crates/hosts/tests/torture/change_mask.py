import os

import good

FIRST = good.life() == 1
good.good(lambda call: FIRST and os._exit(1), lambda call: good.greet(call, 0x27F if FIRST else 0x20))
