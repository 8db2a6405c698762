import good

FIRST = good.life() == 1
good.good(lambda call: FIRST and (good.send(id=call["id"] + 1000, result={}) or True))
