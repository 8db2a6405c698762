import good

FIRST = good.life() == 1
good.good(lambda call: FIRST and print("Hello, I am no JSON", flush=True))
