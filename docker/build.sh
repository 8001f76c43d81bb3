#!/usr/bin/env bash
# Builds the images understudy-bank and understudy-load. With --offline it also makes their base images.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'HELP'
Usage: docker/build.sh [--offline]

Builds understudy-bank (a replica) and understudy-load (a client) from the built
packages. By default the base image is a public one; set NODE_IMAGE to use another.
With --offline nothing is pulled: understudy-node, understudy-etcd and understudy-ip
are made from the programs node, etcd and ip of this machine and their libraries.
HELP
}

offline=false
case "${1:-}" in
  '') ;;
  --offline) offline=true ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# base IMAGE PROGRAM: makes an image with one program, at its path on this machine, and its shared libraries.
base() {
  local image=$1 program root=$work/root
  program=$(command -v "$2") || { echo "docker/build.sh --offline needs the program $2; install it" >&2; exit 1; }
  rm -rf "$root"
  mkdir -p "$root/tmp" "$root/usr/bin"
  { echo "$program"; ldd "$program" 2>/dev/null | grep -o '/[^ ]*' || true; } | while read -r file; do
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
  done
  [ -e "$root/usr/bin/$2" ] || ln -s "$program" "$root/usr/bin/$2"
  # Older C libraries load these files at run time to look up host names, so ldd does not list them.
  find /lib /usr/lib -maxdepth 3 \( -name 'libnss_dns.so*' -o -name 'libnss_files.so*' -o -name 'libresolv.so*' \) 2>/dev/null |
    while read -r file; do mkdir -p "$root$(dirname "$file")"; cp -L "$file" "$root$file"; done
  tar -C "$root" -c . | docker import --change 'ENV PATH=/usr/bin:/usr/sbin:/bin' - "$image" >/dev/null
  echo "made $image from $program"
}

if $offline; then
  base understudy-node node
  base understudy-etcd etcd
  base understudy-ip ip
  NODE_IMAGE=understudy-node
fi

# The build context has only the files that a replica and a client need at run time.
context=$work/context
mkdir -p "$context/node_modules/@understudy"
needed=$(npm ls --omit=dev --all --parseable -w @understudy/workshop 2>/dev/null) || {
  echo 'the installed dependencies do not match package-lock.json; run npm ci' >&2
  exit 1
}
echo "$needed" | while read -r path; do
  place=${path#"$PWD"/}
  case $place in
    node_modules/@understudy/*)
      name=${place##*/}
      mkdir -p "$context/packages/$name"
      cp -r "packages/$name/package.json" "packages/$name/dist" "$context/packages/$name"
      if [ -d "packages/$name/protos" ]; then cp -r "packages/$name/protos" "$context/packages/$name"; fi
      ln -s "../../packages/$name" "$context/node_modules/@understudy/$name"
      ;;
    # Types are for compilers.
    node_modules/@types/* | node_modules/undici-types) ;;
    node_modules/*)
      mkdir -p "$context/$place"
      tar -C "$place" --exclude=./node_modules -c . | tar -C "$context/$place" -x
      ;;
  esac
done
find "$context" -type f \( -name '*.d.ts' -o -name '*.map' \) -delete
if [ ! -f "$context/packages/examples/dist/bank/server.js" ]; then
  echo 'the packages are not built; run npm ci && npm run build' >&2
  exit 1
fi

for image in bank load; do
  docker build --quiet --tag "understudy-$image" --file "docker/$image.Dockerfile" \
    ${NODE_IMAGE:+--build-arg "NODE_IMAGE=$NODE_IMAGE"} "$context" >/dev/null
  echo "built understudy-$image"
done
