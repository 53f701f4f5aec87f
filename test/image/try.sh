#!/usr/bin/env bash
# Tries the image and the compose file on a machine with a Docker engine: builds, starts, writes and reads from the host and
# from another container, kills and restarts, stops, and tidies up; one broker, then three. Prints one line for each thing
# that it saw.
#   npm run test:image
# OTTLA_PORT: the host's port, 9092 unless set; OTTLA_PORT_1, _2, _3 of the three brokers: 9092, 9094, 9096. NODE_IMAGE: another
# base image. COMPOSE: docker-compose or "docker compose".
set -euo pipefail
cd "$(dirname "$0")/../.."
export OTTLA_PORT=${OTTLA_PORT:-9092} OTTLA_PORT_1=${OTTLA_PORT_1:-9092} OTTLA_PORT_2=${OTTLA_PORT_2:-9094} OTTLA_PORT_3=${OTTLA_PORT_3:-9096}
export COMPOSE_PROJECT_NAME=ottla-try COMPOSE_PROFILES=single
compose=${COMPOSE:-$(docker compose version >/dev/null 2>&1 && echo 'docker compose' || echo docker-compose)}

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }
fail() {
  say "FAILED: $*"
  $compose logs --tail 50 >&2 || true
  exit 1
}
tidy() { $compose --profile single --profile cluster down --volumes --timeout 5 >/dev/null 2>&1 || true; }
trap tidy EXIT
tidy

docker build --quiet ${NODE_IMAGE:+--build-arg NODE_IMAGE=$NODE_IMAGE} -t ottla . >/dev/null
say "image: $(($(docker image inspect ottla --format '{{.Size}}') / 1000000)) MB, user $(docker run --rm ottla id -u)"

healthy() { # healthy CONTAINER: waits until its health check says so
  for _ in $(seq 120); do
    [ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = healthy ] && return
    sleep 0.5
  done
  fail "$1 is not healthy: $(docker inspect --format '{{json .State.Health}}' "$1")"
}

$compose up -d --no-build >/dev/null 2>&1 || fail 'compose up'
broker=$($compose ps -q broker)
healthy "$broker"
say 'compose up: healthy'

client() { node test/image/client.mjs "localhost:$OTTLA_PORT" "$@"; }                                # on the host
inside() { docker run --rm -i --network "${COMPOSE_PROJECT_NAME}_default" --entrypoint "$1" ottla "${@:2}"; } # in another container

client produce greetings from-host
echo from-container | inside kafka-console-producer --bootstrap-server broker:19092 --topic greetings
expected=$'from-container\nfrom-host'
seen=$(client consume greetings 2 | sort)
[ "$seen" = "$expected" ] || fail "the host reads: $seen"
seen=$(inside kafka-console-consumer --bootstrap-server broker:19092 --topic greetings --from-beginning --max-messages 2 2>/dev/null | sort)
[ "$seen" = "$expected" ] || fail "the container reads: $seen"
inside kafka-topics.sh --bootstrap-server broker:19092 --list | grep -x greetings >/dev/null || fail 'kafka-topics.sh in a container'
say 'the host and another container write, and each reads both'

docker kill "$broker" >/dev/null
$compose up -d --no-build >/dev/null 2>&1
healthy "$($compose ps -q broker)"
[ "$(client consume greetings 2 | sort)" = "$expected" ] || fail 'records after kill -9'
say 'after kill -9 and compose up: the same records'

started=$(date +%s%N)
$compose stop >/dev/null 2>&1
code=$(docker inspect --format '{{.State.ExitCode}}' "$broker")
[ "$code" = 0 ] || fail "stopped with $code"
say "compose stop: exit code 0 in $((($(date +%s%N) - started) / 1000000)) ms"
tidy

plain=$(docker run -d --rm -p "$OTTLA_PORT:9092" ottla)
trap 'docker rm -f "$plain" >/dev/null 2>&1 || true; tidy' EXIT
healthy "$plain"
if [ "$OTTLA_PORT" = 9092 ]; then
  client produce plain alone
  [ "$(client consume plain 1)" = alone ] || fail 'docker run without settings'
fi
docker exec "$plain" /opt/kafka/bin/kafka-topics.sh --bootstrap-server localhost:9092 --list >/dev/null || fail 'docker exec'
say 'docker run without settings: serves the host'
docker rm -f "$plain" >/dev/null

few=$(docker run -d --rm -e KAFKA_NUM_PARTITIONS=3 -e KAFKA_CFG_LOG_RETENTION_MS=1000 -e CLUSTER_ID=my-cluster ottla)
plain=$few
healthy "$few"
docker exec "$few" kafka-cluster cluster-id --bootstrap-server localhost:9092 | grep my-cluster >/dev/null || fail 'CLUSTER_ID'
docker logs "$few" 2>&1 | grep '2 settings from environment variables' >/dev/null || fail 'KAFKA_ and KAFKA_CFG_ variables'
say 'docker run with KAFKA_, KAFKA_CFG_ and CLUSTER_ID: taken'
docker rm -f "$few" >/dev/null

test/image/try-cluster.sh
say 'all passed'
