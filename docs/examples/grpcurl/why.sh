#!/bin/sh
# Tells why an image is ranked where it is.
#   sh why.sh 3b1f0e52c7a94d6f8e2a1c5d7b9f0a3e
set -eu
selector=${MADSEG_SELECTOR:-127.0.0.1:7003}

grpcurl -plaintext -H "authorization: Bearer $MADSEG_TOKEN" -d "{\"image_id\": \"$1\"}" \
  "$selector" madseg.v1.SelectorService/ExplainImage
