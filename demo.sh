#!/usr/bin/env bash
# Shows lacon at work: installs what is missing, builds, makes namespaces (a client, lacon, three nginx), sends
# requests through it and says what came of them. Stays up to be tried by hand; Ctrl-C ends it and removes all.
#   ./demo.sh            ./demo.sh --once: ends by itself, status 0 when everything went well, 1 when not
set -euo pipefail
cd "$(dirname "$0")"

usage="usage: ./demo.sh [--once]"
case "${1:-}" in
-h | --help)
    sed -n '2,4s/^# //p' "$0"
    exit 0
    ;;
--once | "") ;;
*)
    printf '%s\n' "$usage" >&2
    exit 2
    ;;
esac
[ $# -le 1 ] || { printf '%s\n' "$usage" >&2; exit 2; }

preset=release
jobs=$(nproc)
log=build/$preset.log

# Ninja's "[12/98] what" as a line for every tenth of the way.
progress() {
    awk -v log_file="$log" '
        { print > log_file }
        match($0, /^\[[0-9]+\/[0-9]+\]/) {
            split(substr($0, 2, RLENGTH - 2), n, "/")
            tenth = int(10 * n[1] / n[2])
            if (tenth != last) { printf "build: %3d%%\n", 10 * tenth; fflush(); last = tenth }
        }'
}

build() {
    mkdir -p build
    echo "build: configuring ($preset)"
    cmake --preset $preset >"$log" 2>&1 || { cat "$log" >&2; return 1; }
    cmake --build --preset $preset --parallel "$jobs" --target lacon laconctl 2>&1 | progress ||
        { grep -v "^\[[0-9]*/[0-9]*\] [A-Z]" "$log" | tail -n 60 >&2; return 1; }
    echo "build: build/$preset/bin/lacon is there"
}

.ci/install
build || { echo "demo.sh: the build failed" >&2; exit 1; }

root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "demo.sh: namespaces need root, and there is no sudo" >&2; exit 1; }
    echo "demo.sh: namespaces need root: asking sudo"
    root=(sudo)
fi
exec "${root[@]}" /usr/bin/python3 tests/net/demo "$PWD/build/$preset/bin" "$@"
