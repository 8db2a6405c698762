#!/bin/sh
# An exit module in shell: tells a person of each event, in one line. It needs jq.
#
# The line goes to the file of the setting `file`; the setting `events` names the events, all of them without it. Put
# `mail`, `logger` or `curl` in place of `tell` as you like. docs/modules/protocol.md is the specification of the conversation.

set -eu

file=

# Writes one message: the first argument is the id (JSON), the second the member, the third its value (JSON).
answer() {
    printf '{"jsonrpc":"2.0","id":%s,"%s":%s}\n' "$1" "$2" "$3"
}

tell() {
    printf '%s\n' "$1" >>"$file"
}

while IFS= read -r line; do
    method=$(printf '%s' "$line" | jq -r '.method')
    id=$(printf '%s' "$line" | jq -c '.id // empty')
    case $method in
    initialize)
        file=$(printf '%s' "$line" | jq -r '.params.settings.file // empty')
        if [ -z "$file" ]; then
            answer "$id" error '{"code":-32000,"message":"give the setting setting.file","data":{"hresult":"0x80070057"}}'
            continue
        fi
        events=$(printf '%s' "$line" | jq -c '[.params.settings.events // "all" | splits("[, ]+")]')
        answer "$id" result "{\"protocol\":1,\"description\":\"one line for each event\",\"events\":$events}"
        ;;
    notify)
        text=$(printf '%s' "$line" | jq -r '.params | [
            .event.occurred,
            .event.name,
            (if .event.request_id then "request \(.event.request_id)" else empty end),
            (.certificate.DistinguishedName // .request.DistinguishedName // empty),
            (.request.DispositionMessage // empty)
        ] | join("  ")')
        if tell "$text"; then
            answer "$id" result '{}'
        else
            answer "$id" error '{"code":-32000,"message":"nobody could be told"}'
        fi
        ;;
    describe)
        answer "$id" result '{"description":"one line for each event"}'
        ;;
    ping)
        answer "$id" result '{}'
        ;;
    shutdown)
        exit 0
        ;;
    *)
        # A call of a later version wants an answer, a notification none.
        [ -z "$id" ] || answer "$id" error '{"code":-32601,"message":"unknown method"}'
        ;;
    esac
done
