import good

FIRST = good.life() == 1
good.good(lambda call: FIRST and (good.send(id=str(call["id"]), result={}) or True))
