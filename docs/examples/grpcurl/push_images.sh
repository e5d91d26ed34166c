#!/bin/sh
# Sends pictures in one call, and prints what became of each, in order: accepted with its id, or refused with the reason.
#   sh push_images.sh crawl-7 pictures/*.jpg
# JSON holds bytes in base64. Names and the source must not have quotes in them.
set -eu
intake=${MADSEG_INTAKE:-127.0.0.1:7001}
source=$1
shift

for file in "$@"; do
  printf '{"image": {"name": "%s", "source": "%s", "content": "%s"}}\n' \
    "$(basename "$file")" "$source" "$(base64 <"$file" | tr -d '\n')"
done | grpcurl -plaintext -H "authorization: Bearer $MADSEG_TOKEN" -d @ \
  "$intake" madseg.v1.IntakeService/UploadImages
