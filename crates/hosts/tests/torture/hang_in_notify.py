import time

import good

FIRST = good.life() == 1
good.good(lambda call: FIRST and time.sleep(600))
