"""Dies, and leaves a child that holds every pipe."""
import os
import subprocess

import good

FIRST = good.life() == 1


def notify(call):
    if FIRST:
        subprocess.Popen(["sleep", "600"])
        os._exit(1)


good.good(notify)
