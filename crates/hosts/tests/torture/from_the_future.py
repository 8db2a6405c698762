import good

FIRST = good.life() == 1
good.good(None, lambda call: good.send(id=call["id"], result={"protocol": 99 if FIRST else 1, "events": 1}))
