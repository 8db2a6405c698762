"""Takes two calls before it answers, the second first."""
import good

good.life()
waiting = []


def notify(call):
    waiting.append(call["id"])
    if len(waiting) == 2:
        for number in reversed(waiting):
            good.send(id=number, result={})
        waiting.clear()
    return True


good.good(notify)
