#!/usr/bin/env bash
# Apache Kafka 4.3.1, the reference: its stock tools, and a broker of its own to compare with.
#
#   kafka.sh install                 fetch the jars once, into the cache folder
#   kafka.sh tool CLASS [ARG ...]    run a tool by its class name
#   kafka.sh format PROPERTIES       format the directories that PROPERTIES names, if they are new
#   kafka.sh serve PROPERTIES        run a broker in the foreground
#   kafka.sh broker PROPERTIES       both
#   kafka.sh classpath               print the class path
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${OTTLA_INTEROP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ottla-interop}/kafka-4.3.1

install() {
  [ -f "$cache/complete" ] && [ -d "$cache/speaking" ] && return
  mkdir -p "$cache/speaking"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/jars"
  mv "$cache"/jars/slf4j-simple-* "$cache/speaking/"
  touch "$cache/complete"
}

run_java() {
  exec java ${KAFKA_HEAP_OPTS:--Xmx256M} -XX:+UseSerialGC -XX:TieredStopAtLevel=${KAFKA_TIER:-1} -Xshare:auto \
    -Djava.awt.headless=true -Dlog4j2.configurationFile="$here/log4j2.yaml" -cp "$cache/jars/*" "$@"
}

format() {
  (run_java kafka.tools.StorageTool format -t "${CLUSTER_ID:-b3R0bGEtcmVmZXJlbmNlMQ}" -c "$1" --ignore-formatted) >/dev/null
}

# With the heap and the collector of Kafka's own start script. It says nothing unless REFERENCE_LOG_LEVEL is set: warn, info.
serve() {
  local jars="$cache/jars/*"
  [ -z "${REFERENCE_LOG_LEVEL:-}" ] || jars="$cache/speaking/*:$jars"
  exec java ${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G} -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 \
    -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true \
    -Dorg.slf4j.simpleLogger.defaultLogLevel="${REFERENCE_LOG_LEVEL:-off}" -Dorg.slf4j.simpleLogger.showDateTime=true \
    -Dlog4j2.configurationFile="$here/log4j2.yaml" -cp "$jars" kafka.Kafka "$1"
}

case ${1:-} in
  install) install ;;
  classpath) echo "$cache/jars/*" ;;
  tool) shift; run_java "$@" ;;
  format) format "$2" ;;
  serve) serve "$2" ;;
  broker) format "$2"; serve "$2" ;;
  *) sed -n '2,10p' "$0" | cut -c3-; exit 2 ;;
esac
