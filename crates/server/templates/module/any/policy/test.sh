#!/bin/sh
# Asks the module as the server does, and looks at what it answers.
set -eu
cd "$(dirname "$0")"

said=$(./@name@.sh <<END
{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocol":{"min":1,"max":1},"settings":{"domain":"example.com"}}}
{"jsonrpc":"2.0","id":2,"method":"verify_request","params":{"context":2,"new":true,"request":{"CommonName":"www.example.com"}}}
{"jsonrpc":"2.0","id":3,"method":"verify_request","params":{"context":3,"new":true,"request":{"CommonName":"www.example.net"}}}
{"jsonrpc":"2.0","id":4,"method":"verify_request","params":{"context":4,"new":true,"request":{}}}
{"jsonrpc":"2.0","id":5,"method":"verify_request","params":{"context":5,"new":true,"request":{"CommonName":"a.example.com"},"extensions":[{"oid":"2.5.29.17","flags":65538,"value":{"base64":"MA+CDWEuZXhhbXBsZS5jb20="}}]}}
{"jsonrpc":"2.0","id":6,"method":"verify_request","params":{"context":6,"new":true,"request":{"CommonName":"b.example.com"},"extensions":[{"oid":"2.5.29.17","flags":65538,"value":{"base64":"MA+CDWEuZXhhbXBsZS5jb20="}}]}}
{"jsonrpc":"2.0","id":7,"method":"verify_request","params":{"context":7,"new":true,"request":{"CommonName":"www.example.net\\nwww.example.com"}}}
{"jsonrpc":"2.0","method":"shutdown"}
END
)
[ "$(printf '%s\n' "$said" | jq -r 'select(.id > 1).result.decision')" = "$(printf 'issue\ndeny\ndeny\nissue\ndeny\ndeny')" ]
echo "@name@ works"
