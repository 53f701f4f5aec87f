#!/usr/bin/env bash
# Tries three brokers of the compose file, as try.sh does one, whose image and variables it takes: writes with acks=all from
# the host and from another container while the broker that is the active controller is killed, and looks for every record.
#   test/image/try-cluster.sh          after docker build -t ottla .
set -euo pipefail
cd "$(dirname "$0")/../.."
export OTTLA_PORT_1=${OTTLA_PORT_1:-9092} OTTLA_PORT_2=${OTTLA_PORT_2:-9094} OTTLA_PORT_3=${OTTLA_PORT_3:-9096}
export COMPOSE_PROJECT_NAME=ottla-try COMPOSE_PROFILES=cluster
compose=${COMPOSE:-$(docker compose version >/dev/null 2>&1 && echo 'docker compose' || echo docker-compose)}
on_host=localhost:$OTTLA_PORT_1,localhost:$OTTLA_PORT_2,localhost:$OTTLA_PORT_3
in_containers=broker-1:19092,broker-2:19092,broker-3:19092
scratch=$(mktemp -d)

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }
fail() {
  say "FAILED: $*"
  $compose logs --tail 50 >&2 || true
  exit 1
}
tidy() {
  $compose down --volumes --timeout 5 >/dev/null 2>&1 || true
  rm -r "$scratch"
}
trap tidy EXIT
client() { node test/image/client.mjs "$on_host" "$@"; }
inside() { docker run --rm -i --network "${COMPOSE_PROJECT_NAME}_default" --entrypoint "$1" ottla "${@:2}"; }
container() { $compose ps -q "broker-$1"; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
field() { node -p "const _ = JSON.parse(fs.readFileSync(0, 'utf8')); _.$1"; } # of the JSON on standard input

up() { # and waits until all three are healthy
  $compose up -d --no-build >/dev/null 2>&1 || fail 'compose up'
  for id in 1 2 3; do
    for _ in $(seq 120); do
      [ "$(docker inspect --format '{{.State.Health.Status}}' "$(container $id)")" = healthy ] && continue 2
      sleep 0.5
    done
    fail "broker-$id is not healthy: $(docker inspect --format '{{json .State.Health}}' "$(container $id)")"
  done
}
whole() { # whole ID: waits until that broker says that all are there and in sync
  for _ in $(seq 120); do
    docker exec "$(container "$1")" ottla cluster health --cluster -b "broker-$1:19092" --format json >"$scratch/health" || true
    [ "$(field "isHealthy && _.fencedBrokers.length + _.underReplicatedCount === 0" <"$scratch/health")" = true ] && return
    sleep 0.25
  done
  fail "the cluster is not whole: $(cat "$scratch/health")"
}

started=$(now_ms)
up
say "compose --profile cluster up: three healthy after $(($(now_ms) - started)) ms"

client create greetings 3
client produce greetings from-host
echo from-container | inside kafka-console-producer --bootstrap-server "$in_containers" --topic greetings
expected=$'from-container\nfrom-host'
seen=$(client consume greetings 2 | sort)
[ "$seen" = "$expected" ] || fail "the host reads: $seen"
seen=$(inside kafka-console-consumer --bootstrap-server "$in_containers" --topic greetings --from-beginning --max-messages 2 2>/dev/null | sort)
[ "$seen" = "$expected" ] || fail "the container reads: $seen"
say 'the host and another container write, and each reads both'

client create host 3
client create container 3
records=2000
mkfifo "$scratch/end"
client write host <"$scratch/end" >"$scratch/host" &
host=$!
exec 3>"$scratch/end"
inside kafka-producer-perf-test --topic container --num-records $records --payload-monotonic --throughput 150 \
  --producer-props "bootstrap.servers=$in_containers" acks=all linger.ms=0 >"$scratch/container" 2>&1 &
container=$!
sleep 5
victim=$(docker exec "$(container 1)" ottla quorum -b broker-1:19092 --format json | field leaderId)
docker exec "$(container 1)" ottla topics describe host container -b broker-1:19092 --format json |
  node -e "if (!JSON.parse(require('fs').readFileSync(0)).every((topic) => topic.partitions.some(({ leader }) => leader === $victim))) process.exit(1)" ||
  fail "broker $victim does not lead"
other=$((victim % 3 + 1))
killed=$(date +%s)
docker kill "$(container "$victim")" >/dev/null
wait $container || fail "the other container writes: $(cat "$scratch/container")"
exec 3>&-
wait $host || fail 'the host writes'
read -r count host_ms <"$scratch/host"
container_ms=$(tail -1 "$scratch/container" | sed -E 's/.* ([0-9.]+) ms max latency.*/\1/')
how=$(for id in 1 2 3; do docker logs --since "$killed" "$(container $id)" 2>&1; done | grep -oE 'fenced a broker (whose process is gone|that was not heard of)' | tail -1)
say "docker kill of broker $victim, leader and active controller: $how; longest wait of a record $host_ms ms on the host, $container_ms ms in the other container"
lost() { # lost WHEN
  [ "$(client missing host "$count")" = 0 ] || fail "records of the host are lost $1"
  [ "$(client missing container $records)" = 0 ] || fail "records of the other container are lost $1"
}
lost "after docker kill"
say "of $count and $records acknowledged records none is missing"

started=$(now_ms)
up
whole $other
say "compose up: it is back, and in sync after $(($(now_ms) - started)) ms"

started=$(now_ms)
$compose stop >/dev/null 2>&1
took=$(($(now_ms) - started))
for id in 1 2 3; do
  code=$(docker inspect --format '{{.State.ExitCode}}' "$(container $id)")
  [ "$code" = 0 ] || fail "broker-$id stopped with $code"
done
say "compose stop: exit codes 0 in $took ms"

$compose down >/dev/null 2>&1
up
whole 1
lost "after compose down and up"
say 'compose down and up: the same records'
