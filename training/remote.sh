#!/bin/bash
# Training on a machine that is lent for minutes and reached by single commands. State lives in /root/d there; what must
# come home goes into $OUT in parts of at most 15 MiB. Each verb fails loudly; several go into one command line:
#
#   remote.sh stage              copies .gpu/* (shards, pictures, weights carried along) to /root/d
#   remote.sh start NAME ARGS    starts train.py ARGS in the background as run NAME, and looks 20 seconds later whether it lives
#   remote.sh wait SECONDS       sleeps, then prints the end of every run's log
#   remote.sh fetch NAME...      copies the runs' averaged weights and logs to $OUT
#   remote.sh join FOLDER        at home: joins the parts in FOLDER to NAME.pt files here
#
# A run keeps going between calls while the machine is held; see README.md for a whole session.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=${AINN_REMOTE_STATE:-/root/d}

stage() {
    mkdir -p "$state/code"
    [ -d "$here/../.gpu" ] || { echo "remote.sh: nothing was carried: .gpu is missing" >&2; exit 1; }
    cp -r "$here/../.gpu/." "$state/"
    cp "$here"/*.py "$state/code/"
    ls -l "$state"
}

start() {
    local name=$1 log
    shift
    log=$state/$name.log
    cd "$state/code"
    setsid nohup python3 train.py --out "$state/$name" "$@" >"$log" 2>&1 </dev/null &
    sleep 20
    kill -0 $! 2>/dev/null || { echo "remote.sh: run $name died:" >&2; tail -n 20 "$log" >&2; exit 1; }
    tail -n 5 "$log"
}

wait_for() {
    sleep "$1"
    tail -n 4 "$state"/*.log
}

fetch() {
    : "${OUT:?remote.sh: \$OUT is not set}"
    for name in "$@"; do
        cp "$state/$name.log" "$OUT/"
        split -b 15m "$state/$name/weights.pt" "$OUT/$name.pt."
    done
    ls -l "$OUT"
}

join() {
    local part
    for part in "$1"/*.pt.aa; do
        cat "${part%aa}"* >"$(basename "${part%.aa}")"
        ls -l "$(basename "${part%.aa}")"
    done
}

verb=${1:-}
shift || true
case $verb in
    stage|start|fetch|join) "$verb" "$@" ;;
    wait) wait_for "$@" ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
