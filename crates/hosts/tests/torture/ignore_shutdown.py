import signal
import time

import good

signal.signal(signal.SIGTERM, signal.SIG_IGN)
good.life()
try:
    good.good()
except SystemExit:
    while True:
        time.sleep(1)
