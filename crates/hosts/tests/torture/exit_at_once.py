import sys

import good

if good.life() == 1:
    print("no licence", file=sys.stderr)
    sys.exit(3)
good.good()
