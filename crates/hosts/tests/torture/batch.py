import json

import good

FIRST = good.life() == 1
good.good(lambda call: FIRST and print(json.dumps([{"jsonrpc": "2.0", "id": call["id"], "result": {}}]), flush=True))
