import json
import sys

import good

FIRST = good.life() == 1


def notify(call):
    if FIRST:
        line = json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": {}}) + "\n"
        sys.stdout.write(line + line)
        sys.stdout.flush()
        return True


good.good(notify)
