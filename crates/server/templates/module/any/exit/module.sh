#!/bin/sh
# @name@: an exit module. The server starts this program and speaks with it, a JSON message a line, over standard input and
# output. Nothing else may be written there; what is for people goes to standard error. It needs jq.

set -eu

file=

# answer ID MEMBER VALUE: answers the server's call.
answer() {
    printf '{"jsonrpc":"2.0","id":%s,"%s":%s}\n' "$1" "$2" "$3"
}

# keep TEXT: what is to be done with an event. It is done when this returns 0, and comes again when it does not. An event
# can come twice, with the same number: the second time there is nothing to do.
keep() {
    if [ -z "$file" ]; then
        printf '%s\n' "$1" >&2
        return
    fi
    # A line without an end was cut off by a crash. It gets one, and its event, which comes again, a line of its own.
    if [ -n "$(tail -c 1 "$file" 2>/dev/null)" ]; then
        echo >>"$file" || return
    fi
    grep -qxF -e "$1" "$file" 2>/dev/null || printf '%s\n' "$1" >>"$file"
}

while IFS= read -r line; do
    head=$(printf '%s' "$line" | jq -r '"\(.method) \(.id | tojson)"')
    method=${head%% *} id=${head#* }
    case $method in
    initialize)
        file=$(printf '%s' "$line" | jq -r '.params.settings.file // empty')
        answer "$id" result '{"protocol":1,"events":["cert-issued","cert-revoked"],"description":"one line for each certificate"}'
        ;;
    notify)
        text=$(printf '%s' "$line" | jq -r '.params |
            "\(.event.id) \(.event.name) request \(.event.request_id) serial \(.certificate.SerialNumber // "-")"')
        if keep "$text"; then
            answer "$id" result '{}'
        else
            answer "$id" error '{"code":-32000,"message":"the line could not be added"}'
        fi
        ;;
    describe) answer "$id" result '{"description":"one line for each certificate"}' ;;
    ping) answer "$id" result '{}' ;;
    shutdown) exit 0 ;;
    # A call of a later server wants an answer, a notification none.
    *) [ "$id" = null ] || answer "$id" error '{"code":-32601,"message":"no such method"}' ;;
    esac
done
