"""Reads `initialize` byte by byte and then nothing more."""
import json
import os
import time

import good

if good.life() == 1:
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1)
    good.greet(json.loads(line))
    time.sleep(600)
good.good()
