#!/bin/sh
# Speaks with the module as the server does, and looks at what it answers and leaves behind.
set -eu
cd "$(dirname "$0")"
file=$(mktemp)
trap 'rm -f "$file"' EXIT

event='{"context":2,"event":{"id":41,"name":"cert-issued","bit":1,"attempt":1,"request_id":7},"certificate":{"SerialNumber":"1a2b"}}'
said=$(./@name@.sh <<END
{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocol":{"min":1,"max":1},"settings":{"file":"$file"}}}
{"jsonrpc":"2.0","id":2,"method":"notify","params":$event}
{"jsonrpc":"2.0","id":3,"method":"notify","params":$event}
{"jsonrpc":"2.0","method":"shutdown"}
END
)
[ "$(printf '%s\n' "$said" | jq -c '.result.protocol, .id')" = "$(printf '1\n1\nnull\n2\nnull\n3')" ]
[ "$(cat "$file")" = "41 cert-issued request 7 serial 1a2b" ]

# A line that a crash cut off is written again.
printf '40 cert-issued request 6 serial 00\n41 cert-is' >"$file"
./@name@.sh >/dev/null <<END
{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocol":{"min":1,"max":1},"settings":{"file":"$file"}}}
{"jsonrpc":"2.0","id":2,"method":"notify","params":$event}
{"jsonrpc":"2.0","method":"shutdown"}
END
[ "$(tail -n +3 "$file")" = "41 cert-issued request 7 serial 1a2b" ]
echo "@name@ works"
