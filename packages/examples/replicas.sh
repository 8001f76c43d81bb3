#!/usr/bin/env bash
# Starts three replicas of an example on this machine and prints how to kill each; Ctrl-C ends them all.
# Usage: packages/examples/replicas.sh bank|chat|counting|route-guide|shop [options of the server]
set -euo pipefail
example=${1:?name an example: bank, chat, counting, route-guide or shop}
shift
cd "$(dirname "$0")"
[ -f "dist/$example/server.js" ] || { echo "dist/$example is missing; run npm run build first" >&2; exit 1; }

port=50051
own=()
if [ "$example" = shop ]; then
  # The shop runs beside the bank, whose ports begin at 50051, and the post office.
  port=50071
  own=(--bank understudy:///127.0.0.1:50051,127.0.0.1:50052,127.0.0.1:50053 --post 127.0.0.1:50060)
fi

record=$(mktemp -d)
pids=()
end() {
  kill "${pids[@]}" 2>/dev/null || true
  wait
  rm -rf "$record"
}
trap end EXIT
trap exit INT TERM
for i in 1 2 3; do
  node "dist/$example/server.js" --id "$example-$i" --address "127.0.0.1:$((port + i - 1))" \
    --coordinator "$record" "${own[@]}" "$@" 2>&1 &
  pids+=($!)
  echo "$example-$i at 127.0.0.1:$((port + i - 1)): kill -9 $!"
done
echo "node packages/cli/dist/main.js status --dir $record"
wait
