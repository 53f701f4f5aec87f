#!/usr/bin/env bash
# Installs what the interop tests need and the machine lacks: a JVM with Maven (stock tools), kcat, Go, Python's venv, and the
# clients themselves. Everything that is not a system package goes into the cache folder. Safe to run again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export OTTLA_INTEROP_CACHE=${OTTLA_INTEROP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ottla-interop}
mkdir -p "$OTTLA_INTEROP_CACHE"

missing=()
command -v java >/dev/null || missing+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
command -v kcat >/dev/null || missing+=(kcat)
command -v go >/dev/null || missing+=(golang-go)
command -v python3 >/dev/null || missing+=(python3)
command -v unzip >/dev/null || missing+=(unzip)
command -v ip >/dev/null || missing+=(iproute2)
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
if ((${#missing[@]})); then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  echo "interop: installing ${missing[*]}"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

echo "interop: Apache Kafka's tools"
"$here/reference/kafka.sh" install

echo "interop: confluent-kafka for Python"
venv=$OTTLA_INTEROP_CACHE/python
if ! cmp -s "$here/python-client/requirements.txt" "$venv/installed.txt" 2>/dev/null; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$here/python-client/requirements.txt"
  cp "$here/python-client/requirements.txt" "$venv/installed.txt"
fi

echo "interop: the Go client"
(cd "$here/go-client" && go build -o "$OTTLA_INTEROP_CACHE/go-client" .)
echo "interop: ready"
