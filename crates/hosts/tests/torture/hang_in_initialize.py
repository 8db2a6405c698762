import time

import good

if good.life() == 1:
    time.sleep(600)
good.good()
