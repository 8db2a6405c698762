#!/bin/sh
# @name@: a policy module. The server starts this program and speaks with it, a JSON message a line, over standard input and
# output. Nothing else may be written there; what is for people goes to standard error. It needs jq.

set -eu

domain=example.org

# answer ID MEMBER VALUE: answers the server's call.
answer() {
    printf '{"jsonrpc":"2.0","id":%s,"%s":%s}\n' "$1" "$2" "$3"
}

# decide NAME: issue, pend or deny. An error, or no answer, fails the request: it never means issue.
decide() {
    case $1 in
    "$domain" | *".$domain") printf '{"decision":"issue"}' ;;
    # 0x80094001 is CERTSRV_E_BAD_REQUESTSUBJECT.
    *) jq -nc --arg domain "$domain" \
        '{decision: "deny", code: "0x80094001", message: "the common name is not inside \($domain)"}' ;;
    esac
}

while IFS= read -r line; do
    head=$(printf '%s' "$line" | jq -r '"\(.method) \(.id | tojson)"')
    method=${head%% *} id=${head#* }
    case $method in
    initialize)
        domain=$(printf '%s' "$line" | jq -r '.params.settings.domain // "example.org"')
        answer "$id" result '{"protocol":1,"description":"names inside one domain"}'
        ;;
    verify_request)
        name=$(printf '%s' "$line" | jq -r '.params.request.CommonName // ""')
        answer "$id" result "$(decide "$name")"
        ;;
    describe) answer "$id" result '{"description":"names inside one domain"}' ;;
    ping) answer "$id" result '{}' ;;
    shutdown) exit 0 ;;
    # A call of a later server wants an answer, a notification none.
    *) [ "$id" = null ] || answer "$id" error '{"code":-32601,"message":"no such method"}' ;;
    esac
done
