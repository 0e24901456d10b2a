#!/usr/bin/env bash
# bench/run.sh CMD [OPTION...]: runs bench/CMD/run. Help: bench/run.sh --help, bench/run.sh CMD --help
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

usage() {
    echo "usage: bench/run.sh CMD [OPTION...]"
    echo "commands:"
    for run in "$here"/*/run; do
        printf '  %s\n' "$(basename "$(dirname "$run")")"
    done
}

case ${1:-} in
-h | --help) usage ;;
"") usage >&2; exit 2 ;;
*)
    [ -x "$here/$1/run" ] || { printf 'bench/run.sh: no command %s\n' "$1" >&2; usage >&2; exit 2; }
    exec "$here/$1/run" "${@:2}"
    ;;
esac
