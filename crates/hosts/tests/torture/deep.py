import good

FIRST = good.life() == 1


def notify(call):
    if FIRST:
        print('{"jsonrpc":"2.0","id":%d,"result":%s%s}' % (call["id"], "[" * 100000, "]" * 100000), flush=True)


good.good(notify)
