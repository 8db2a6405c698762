import os
import signal

import good

FIRST = good.life() == 1
good.good(lambda call: FIRST and os.kill(os.getpid(), signal.SIGKILL))
