#!/bin/sh
# @name@: a policy module. The server starts this program and speaks with it, a JSON message a line, over standard input and
# output. Nothing else may be written there; what is for people goes to standard error. It needs jq and base64.

set -eu

domain=example.org

# answer ID MEMBER VALUE: answers the server's call.
answer() {
    printf '{"jsonrpc":"2.0","id":%s,"%s":%s}\n' "$1" "$2" "$3"
}

# alternative NAME: the extension of alternative names (RFC 5280 4.2.1.6) that has this DNS name and no other, in base64.
alternative() {
    length=${#1}
    printf "\\060\\$(printf %o $((length + 2)))\\202\\$(printf %o "$length")%s" "$1" | base64 | tr -d '\n'
}

# decide NAME EXTENSION: issue, pend or deny. An error, or no answer, fails the request: it never means issue. Whoever checks the
# certificate goes by the alternative names: here they are none, or the common name and no other.
decide() {
    why=
    case $1 in
    '' | *[!A-Za-z0-9.-]*) why="the common name is no name of a host" ;;
    "$domain" | *".$domain")
        [ -z "$2" ] || [ "$2" = "$(alternative "$1")" ] || why="there is another name than the common one"
        ;;
    *) why="the common name is not inside $domain" ;;
    esac
    # 0x80094001 is CERTSRV_E_BAD_REQUESTSUBJECT.
    if [ -z "$why" ]; then
        printf '{"decision":"issue"}'
    else
        jq -nc --arg why "$why" '{decision: "deny", code: "0x80094001", message: $why}'
    fi
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
        names=$(printf '%s' "$line" | jq -r '.params.extensions[]? | select(.oid == "2.5.29.17").value.base64')
        answer "$id" result "$(decide "$name" "$names")"
        ;;
    describe) answer "$id" result '{"description":"names inside one domain"}' ;;
    ping) answer "$id" result '{}' ;;
    shutdown) exit 0 ;;
    # A call of a later server wants an answer, a notification none.
    *) [ "$id" = null ] || answer "$id" error '{"code":-32601,"message":"no such method"}' ;;
    esac
done
