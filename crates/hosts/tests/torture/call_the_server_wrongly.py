import good

good.life()


def notify(call):
    context = call["params"]["context"]
    for method, params in [
        ("server.shut_down", {"context": context}),
        ("notify", {"context": context}),
        ("server.request_property", {"name": "RequestID"}),
        ("server.request_property", {"context": "1", "name": "RequestID"}),
        ("server.request_property", {"context": context}),
        ("server.request_property", {"context": context, "name": "RequestID", "type": "float"}),
        ("server.request_property", {"context": context, "name": "RequestID", "type": 9}),
        ("server.request_property", {"context": context, "name": "Nonsense"}),
        ("server.request_property", {"context": context, "name": "CallerName"}),
        ("server.request_property", {"context": context + 1, "name": "RequestID"}),
        ("server.request_property", {"context": 0, "name": "RequestID"}),
        ("server.set_certificate_property", {"context": context, "name": "UPN", "value": "x"}),
        ("server.set_certificate_extension", {"context": context, "oid": "1.2.3", "value": {"base64": "MAA="}}),
    ]:
        answer = good.call_back(method, **params)
        good.note(f"{answer['error']['code']} {answer['error']['data']['hresult']}")


good.good(notify)
