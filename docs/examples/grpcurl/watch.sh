#!/bin/sh
# Prints the top of a ranking now, and again whenever it changes; for ever, or for so many seconds.
#   sh watch.sh ours theirs bus
#   sh watch.sh ours theirs bus 60
set -eu
selector=${MADSEG_SELECTOR:-127.0.0.1:7003}

grpcurl -plaintext -H "authorization: Bearer $MADSEG_TOKEN" ${4:+-max-time "$4"} -d @ \
  "$selector" madseg.v1.SelectorService/WatchRanking <<END
{"key": {"target": {"model": "$1"}, "competitor": {"model": "$2"}, "defender": "DEFENDER_TARGET", "class_name": "$3"},
 "top": 5}
END
