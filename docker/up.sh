#!/usr/bin/env bash
# Builds the images and starts docker/compose.yaml in the foreground.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  '') ;;
  --offline) export ETCD_IMAGE=understudy-etcd ;;
  *)
    echo 'Usage: docker/up.sh [--offline]: starts an etcd of three members, three replicas and a client;' >&2
    echo '--offline makes the base images from the programs of this machine. Ctrl-C ends it.' >&2
    [ "$1" = --help ] || [ "$1" = -h ] && exit 0
    exit 2
    ;;
esac
docker/build.sh "$@"
compose=(docker compose)
"${compose[@]}" version >/dev/null 2>&1 || compose=(docker-compose)
exec "${compose[@]}" --project-name understudy --file docker/compose.yaml up
