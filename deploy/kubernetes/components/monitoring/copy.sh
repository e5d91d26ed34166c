#!/bin/sh
# Makes rules.yaml from the alerts of the compose file.
set -eu
cd "$(dirname "$0")"
{
  echo '# Made by copy.sh from deploy/prometheus/alerts.yaml.'
  printf 'apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: { name: madseg }\nspec:\n'
  sed -e '/^#/d' -e 's/^./  &/' ../../../prometheus/alerts.yaml
} > rules.yaml
