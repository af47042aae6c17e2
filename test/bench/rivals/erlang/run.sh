#!/usr/bin/env bash
# run.sh SCENARIO [CARRIER] [LINK] - runs two Erlang nodes, or one; JSON lines to stdout.
#
#   SCENARIO  local | oneway | echo | hol, or several in quotes: "oneway hol"
#   CARRIER   dist (default) | partisan | partisan16
#   LINK      loop (default: 127.0.0.1 and 127.0.0.2), or an RTT in ms: 1, 20 ...
#             over the link program that TROUPE_LINK names (see ../README.md)
#
# From the environment:
#   RUNS=3            fresh pairs of nodes, one after the other;  FIRST=1  their first number
#   BENCH_N="1 16"    actors;  BENCH_SIZE="524288"  bytes of an echo
#   BENCH_ROWS="pingpong oneway spawn"  what `local` does
#   BENCH_SECONDS=5   measured per point;  BENCH_PORT=47100
#   BENCH_WINDOW=1024 oneway: messages a sender may have unacknowledged
#   ERL_ARGS=         further flags of both nodes, such as "+zdbbl 65536"
#   PARTISAN_LIBS=    for partisan and partisan16: a folder that has Partisan and
#                     its dependencies built, as ERL_LIBS takes it
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,19s/^# \{0,1\}//p' "$0" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
link_program=${TROUPE_LINK-}
scenario=$1 carrier=${2:-dist} link=${3:-loop}
port=${BENCH_PORT:-47100} first=${FIRST:-1}
beams=$(mktemp -d)
name=erl$$
a_pid= b_pid=

# Node a tells b to halt; whatever still runs after 2 s is ended by its pid.
finish() {
  local pid
  [ -z "$a_pid" ] || kill "$a_pid" 2>/dev/null || true
  [ -z "$b_pid" ] || for _ in $(seq 20); do kill -0 "$b_pid" 2>/dev/null || break; sleep 0.1; done
  [ -z "$b_pid" ] || kill "$b_pid" 2>/dev/null || true
  for pid in $a_pid $b_pid; do wait "$pid" 2>/dev/null || true; done
  a_pid= b_pid=
}
end() {
  finish
  [ "$link" = loop ] || "$link_program" down "$name" || true
  rm -rf "$beams"
}
trap end EXIT
trap 'exit 143' TERM INT

erlc -o "$beams" "$here/bench_net.erl" "$here/bench.erl"

if [ "$scenario" = local ]; then
  link=loop
  for run in $(seq "$first" $((first + ${RUNS:-3} - 1))); do
    BENCH_RUN=$run erl -noinput +P 2000000 ${ERL_ARGS-} -pa "$beams" -s bench local
  done
  exit
fi

if [ "$link" = loop ]; then
  a=127.0.0.1 b=127.0.0.2
  at() { shift; exec "$@"; }
else
  : "${link_program:?set TROUPE_LINK to the program that makes a link}"
  a=10.77.0.1 b=10.77.0.2
  "$link_program" up "$name" "$link"
  at() { local end=$1; shift; exec "$link_program" exec "$name" "$end" -- "$@"; }
fi
[ "$carrier" = dist ] || export ERL_LIBS=${PARTISAN_LIBS:?where Partisan is built}

# node ROLE SELF PEER: becomes the node.
node() {
  local flags=()
  if [ "$carrier" = dist ]; then
    flags=(-name "$1@$2" -setcookie bench -start_epmd false -erl_epmd_port "$port"
           -kernel inet_dist_use_interface "{${2//./,}}")
  fi
  at "$1" env BENCH_SELF="$2" BENCH_PEER="$3" BENCH_CARRIER="$carrier" BENCH_LINK="$link" \
    BENCH_PORT="$port" BENCH_SCENARIO="$scenario" \
    erl -noinput ${flags[@]+"${flags[@]}"} ${ERL_ARGS-} -pa "$beams" -s bench "$1"
}

for run in $(seq "$first" $((first + ${RUNS:-3} - 1))); do
  export BENCH_RUN=$run
  (node b $b $a) &
  b_pid=$!
  sleep 1
  (node a $a $b) &
  a_pid=$!
  wait $a_pid
  a_pid=
  finish
done
