#!/usr/bin/env bash
# Builds the images and runs docker/compose.yaml in the foreground.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  '') ;;
  --offline) export ETCD_IMAGE=understudy-etcd ;;
  *)
    echo 'Usage: docker/up.sh [--offline]. Starts an etcd of three members, three replicas and a client.' >&2
    echo 'With --offline the base images are made from programs of this machine. Ctrl-C ends everything.' >&2
    [ "$1" = --help ] || [ "$1" = -h ] && exit 0
    exit 2
    ;;
esac
docker/build.sh "$@"
# Replicas that others can reach do not start without a secret.
export UNDERSTUDY_GROUP_SECRET="${UNDERSTUDY_GROUP_SECRET:-$(head -c 32 /dev/urandom | base64)}"
compose=(docker compose)
"${compose[@]}" version >/dev/null 2>&1 || compose=(docker-compose)
exec "${compose[@]}" --project-name understudy --file docker/compose.yaml up
