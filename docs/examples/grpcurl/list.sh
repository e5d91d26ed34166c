#!/bin/sh
# Lists the rankings that have images; with a class, the first images of one of them.
#   sh list.sh
#   sh list.sh ours theirs bus
set -eu
selector=${MADSEG_SELECTOR:-127.0.0.1:7003}
ask() { grpcurl -plaintext -H "authorization: Bearer $MADSEG_TOKEN" "$@"; }

if [ $# = 0 ]; then
  ask "$selector" madseg.v1.SelectorService/ListRankings
else
  ask -d @ "$selector" madseg.v1.SelectorService/ListRankingEntries <<END
{"key": {"target": {"model": "$1"}, "competitor": {"model": "$2"}, "defender": "DEFENDER_TARGET", "class_name": "$3"},
 "page_size": 10}
END
fi
