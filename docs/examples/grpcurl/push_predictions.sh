#!/bin/sh
# Brings in a label map that a model predicted elsewhere: here one that says class 1 at every pixel of 513 x 513.
#   sh push_predictions.sh ours-next 3b1f0e52c7a94d6f8e2a1c5d7b9f0a3e
# Its bytes: version 1; height and width; the label and how many pixels it runs on. Numbers are unsigned LEB128.
set -eu
models=${MADSEG_MODELS:-127.0.0.1:7002}
intake=${MADSEG_INTAKE:-127.0.0.1:7001}
ask() { grpcurl -plaintext -H "authorization: Bearer $MADSEG_TOKEN" "$@"; }
map=$(printf '\001\201\004\201\004\001\201\210\020' | base64)

ask -d "{\"name\": \"$1\", \"role\": \"MODEL_ROLE_COMPETITOR\"}" "$models" madseg.v1.ModelsService/RegisterImportedModel
ask -d "{\"image_id\": \"$2\", \"maps\": [{\"version\": {\"model\": \"$1\", \"version\": 1}, \"label_map\": \"$map\"}]}" \
  "$intake" madseg.v1.IntakeService/ImportPredictions
