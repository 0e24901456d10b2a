#!/usr/bin/env bash
# Builds lacon and runs its tests. Everything: ./test.sh      Help: ./test.sh --help
set -uo pipefail
cd "$(dirname "$0")" || exit 1

usage() {
    cat <<'T'
usage: ./test.sh [TIER [NAME...]]... [OPTION...]

Tiers, all of them in this order when none is named:
  lint   formatting, include graph, links of pages, clang-tidy, shellcheck, the example configuration and its schema
  unit   one program per source file
  sim    the real TCP and HTTP code against model hosts over a seeded, lossy, simulated network
  fuzz   kept inputs of every fuzz target
  net    network namespaces with Linux TCP, nginx, curl, wrk at the ends (asks for root)
and one that runs only when it is named, because it needs a build of its own:
  mutants  mistakes of agent/base/mutant.h are switched on one by one: each must be caught by a test
A NAME after a tier picks one of its tests: ./test.sh net pipelining

  --seeds N        sim: so many seeds of each scenario, instead of a budget of exchanges
  --from S         sim: the first seed; a failure says how it is replayed
  --full           long campaigns: a million exchanges, minutes of fuzzing per target, lint of every file
  --preset P       build of unit, sim and net: debug (default), release, asan, tsan
  --workers N      net: lacon's workers where a test does not say (default 1; 2 under tsan)
  --provider P     sim and net: of accelerator hooks (soft, simd, rte_flow, emu, emu:liquidio, faulty; sim: device as
                   well), where a test names none; an emulated engine that carried nothing in a whole run has failed
  --label L        unit and sim: only programs with this ctest label
  --no-install     install no packages, only say which are missing
  -h, --help
T
}

# The order is that of the cheapest answer first.
all_tiers="lint unit sim fuzz net"
tiers=""
declare -A names=()
preset=debug
label=""
workers=""
provider=()
full=0
seeds=""
from=""

bad_usage() {
    printf 'test.sh: %s (./test.sh --help)\n' "$1" >&2
    exit 2
}
number() {
    [[ "${2:-}" =~ ^[0-9]+$ ]] || bad_usage "$1 takes a number"
}

tier=""
while [ $# -gt 0 ]; do
    case $1 in
    unit | sim | net | fuzz | lint | mutants)
        tier=$1
        [[ " $tiers " == *" $tier "* ]] || tiers="$tiers $tier"
        ;;
    --seeds) number "$@"; seeds=$2; shift ;;
    --from) number "$@"; from=$2; shift ;;
    --full) full=1 ;;
    --preset) preset=${2:-}; shift ;;
    --workers) number "$@"; workers=$2; shift ;;
    --provider) provider=(--provider "${2:?--provider takes a name}"); shift ;;
    --label) label=${2:-}; shift ;;
    --no-install) export LACON_NO_INSTALL=1 ;;
    -h | --help) usage; exit 0 ;;
    -*) bad_usage "unknown option $1" ;;
    *)
        [ -n "$tier" ] || bad_usage "$1: name a tier first"
        names[$tier]="${names[$tier]:-} $1"
        ;;
    esac
    shift
done
case $preset in
debug | release | asan | tsan) ;;
*) bad_usage "unknown preset '$preset'" ;;
esac
tiers=${tiers:-$all_tiers}

jobs=$(nproc)
passed=0
failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP

# mawk, Debian's, would show results only when it has many.
if [[ "$(readlink -f "$(command -v awk)")" = *mawk ]]; then
    awk() { command awk -W interactive "$@"; }
fi

# ---- results: every test is a line "ok NAME" or "not ok NAME", on its way through tally() ----

pass() { printf 'ok %s\n' "$*"; }
fail() { printf 'not ok %s\n' "$*"; }

# Copies its input and leaves the counts in $tmp/counts: what passed, what failed. "ok NAME # cases N" counts
# as N; "# skip" counts as neither.
tally() {
    awk -v out="$tmp/counts" '
        { print; fflush() }
        /^(not )?ok / {
            n = match($0, /# cases [0-9]+/) ? substr($0, RSTART + 8) + 0 : 1
            if ($0 ~ /# skip/) n = 0
            if ($1 == "ok") good += n; else bad += n
        }
        END { print good + 0, bad + 0 > out }'
}

# Runs a tier's function; a tier in which nothing ran, or that stopped without a word, has failed.
run_tier() {
    local name=$1 start=$SECONDS status good=0 bad=0
    printf '== %s\n' "$name"
    "tier_$name" 2>&1 | tally
    status=${PIPESTATUS[0]}
    [ ! -s "$tmp/counts" ] || read -r good bad <"$tmp/counts"
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        fail "$name: ended with status $status"
        bad=1
    elif [ $((good + bad)) = 0 ]; then
        fail "$name: no test ran"
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    printf -- '-- %s: %d passed, %d failed, %d s\n' "$name" "$good" "$bad" $((SECONDS - start))
}

# ---- building ----

# build PRESET [TARGET...]: configures and builds a preset once a run; quiet unless it fails.
build() {
    local what=$1 start=$SECONDS
    shift
    [ ! -e "$tmp/built.$what" ] || return 0
    if [ -e "$tmp/broken.$what" ]; then
        fail "build of $what, as above"
        return 1
    fi
    if ! { cmake --preset "$what" &&
        cmake --build --preset "$what" --parallel "$jobs" ${1:+--target "$@"}; } >"$tmp/build.log" 2>&1; then
        grep -v '^\[[0-9]*/[0-9]*\] [A-Z]' "$tmp/build.log" | tail -n 60
        fail "build of $what"
        touch "$tmp/broken.$what"
        return 1
    fi
    touch "$tmp/built.$what"
    echo "built build/$what in $((SECONDS - start)) s"
}

# ctest's verbose output to one line per program, with the number of its cases where it tells them (Criterion's
# closing line, or "N passed, N failed"), and all that it said only when it failed.
condense() {
    awk '
        match($0, /^ *[0-9]+: /) {
            id = substr($0, 1, RLENGTH - 2) + 0
            text = substr($0, RLENGTH + 1)
            said[id] = said[id] text "\n"
            if (text ~ /Synthesis: /) {
                gsub(/\033\[[0-9;]*m/, "", text)
                cases[id] = good[id] = bad[id] = 0
                if (match(text, /Passing: [0-9]+/)) good[id] = substr(text, RSTART + 9, RLENGTH - 9) + 0
                if (match(text, /Failing: [0-9]+/)) bad[id] = substr(text, RSTART + 9, RLENGTH - 9) + 0
                cases[id] = good[id] + bad[id]
            } else if (text ~ /^[0-9]+ passed, [0-9]+ failed$/) {
                split(text, word, " ")
                good[id] = word[1] + 0
                bad[id] = word[3] + 0
                cases[id] = good[id] + bad[id]
            }
            next
        }
        match($0, /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: /) {
            rest = substr($0, RLENGTH + 1)
            head = substr($0, 1, RLENGTH)
            sub(/.*#/, "", head)
            id = head + 0
            split(rest, word, " ")
            name = word[1]
            if (rest ~ /\*\*\*Skipped|\(Disabled\)/) {
                print "ok " name " # skip"
            } else if (rest ~ / Passed /) {
                print "ok " name (cases[id] ? " # cases " good[id] : "")
            } else {
                printf "%s", said[id]
                why = rest
                sub(/^[^*]*\**/, "", why)
                if (good[id]) print "ok " name " # cases " good[id]
                print "not ok " name (bad[id] ? " # cases " bad[id] : "") " # " why
            }
            fflush()
        }'
}

# The sanitizers of gcc 12 and clang 14 do not find their place under the address randomisation of newer
# kernels: without it where we may.
fixed_layout=()
! setarch -R true 2>/dev/null || fixed_layout=(setarch -R)

# run_ctest BUILD LABEL NAMES: the programs of one label, those named NAMES ("unit.span" or "span") or all.
run_ctest() {
    local args=(--test-dir "build/$1" -L "^$2\$" --parallel "$jobs" --timeout 600 -V) wanted name
    [ -z "$label" ] || args+=(-L "^$label\$")
    wanted=""
    for name in $3; do
        name=${name#"$2."}
        wanted="$wanted${wanted:+|}${name//./\\.}"
    done
    [ -z "$wanted" ] || args+=(-R "^$2\\.($wanted)\$")
    "${fixed_layout[@]}" ctest "${args[@]}" 2>&1 | condense
    return "${PIPESTATUS[0]}"
}

# ---- tiers ----

tier_unit() {
    build "$preset" && run_ctest "$preset" unit "${names[unit]:-}"
}

# The directed rows, then seeds of every scenario (or of those named) until the budget of exchanges is used up, then both
# with and without the steady way.
tier_sim() {
    local sim="build/$preset/bin/sim" budget=14000 scenario args=()
    [ $full = 0 ] || budget=1000000
    build "$preset" || return 1
    if [ -n "$seeds" ]; then
        args=(--seeds "$seeds")
    else
        args=(--exchanges "$budget")
    fi
    [ $full = 0 ] || args+=(--progress)
    for scenario in ${names[sim]:-rows scenarios twice}; do
        case $scenario in
        rows) sim_run rows "$sim" "${provider[@]}" --rows --jobs "$jobs" ;;
        twice) sim_twice "$sim" ;;
        scenarios) sim_run scenarios "$sim" "${provider[@]}" --jobs "$jobs" --from "${from:-1}" "${args[@]}" ;;
        *)
            sim_run "$scenario" "$sim" "${provider[@]}" --scenario "$scenario" --jobs "$jobs" --from "${from:-1}" \
                --seeds "${seeds:-10}"
            ;;
        esac
    done
}

# Everything with the steady way (agent/splice/steady.c) and without it: the same frames at the same times. A release
# has no switch for that.
sim_twice() {
    [ "$preset" != release ] || return 0
    sim_run rows.twice "$1" "${provider[@]}" --twice --rows --jobs "$jobs"
    sim_run scenarios.twice "$1" "${provider[@]}" --twice --jobs "$jobs" --from "${from:-1}" --seeds "${seeds:-1}"
}

# sim_run NAME COMMAND...: what the simulator says, and its last line as results.
sim_run() {
    local name=$1 good bad
    shift
    "${fixed_layout[@]}" "$@" >"$tmp/sim.log"
    grep -v '^[0-9]* passed, [0-9]* failed$' "$tmp/sim.log"
    read -r good bad < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$tmp/sim.log")
    [ "${good:-0}" = 0 ] || printf 'ok sim.%s # cases %s\n' "$name" "$good"
    [ "${bad:-1}" = 0 ] || printf 'not ok sim.%s # cases %s\n' "$name" "${bad:-1}"
}

# Replays the kept inputs; --full also lets each target search on, from a copy of them.
tier_fuzz() {
    local target name corpora seconds=600 status=0
    local targets=(tests/fuzz/fuzz_*.c)
    targets=("${targets[@]##*/}")
    build fuzz "${targets[@]%.c}" || return 1
    run_ctest fuzz fuzz "${names[fuzz]:-}" || status=1
    [ $full = 1 ] || return $status
    for target in build/fuzz/bin/fuzz_*; do
        name=${target##*/fuzz_}
        [ -z "${names[fuzz]:-}" ] || [[ " ${names[fuzz]} " == *" $name "* ]] || continue
        corpora=("build/fuzz/corpus/$name")
        [ ! -d "tests/fuzz/corpus/$name" ] || corpora+=("tests/fuzz/corpus/$name")
        mkdir -p "${corpora[0]}" build/fuzz/found
        if "$target" -max_total_time=$seconds -print_final_stats=1 -verbosity=0 \
            "-artifact_prefix=build/fuzz/found/$name-" "${corpora[@]}" \
            >"$tmp/fuzz.log" 2>&1; then
            pass "fuzz.$name for $seconds s"
        else
            tail -n 40 "$tmp/fuzz.log"
            fail "fuzz.$name"
            status=1
        fi
    done
    return $status
}

# tests/mutants/run prints "ok mutant.NAME # what caught it" or "not ok mutant.NAME" for each mistake.
tier_mutants() {
    build mutants mutants || return 1
    # shellcheck disable=SC2086 # a list of names
    "${fixed_layout[@]}" tests/mutants/run build/mutants ${names[mutants]:-}
}

# tests/net/run prints "ok NAME" or "not ok NAME" for each test; it finds the programs in $LACON_BIN.
tier_net() {
    local root=() part pids=() status=0
    build "$preset" || return 1
    if [ "$(id -u)" != 0 ]; then
        echo "network namespaces need root: asking sudo"
        root=(sudo)
        sudo true || return 1
    fi
    [ "$preset" != tsan ] || workers=${workers:-2}
    # Two side by side: much of a net test is waiting.
    for part in 1/2 2/2; do
        # shellcheck disable=SC2086 # a list of names
        "${root[@]}" env LACON_BIN="$PWD/build/$preset/bin" LACON_FULL=$full "${fixed_layout[@]}" \
            tests/net/run "${provider[@]}" --workers "${workers:-1}" --part $part ${names[net]:-} &
        pids+=($!)
    done
    for part in "${pids[@]}"; do
        wait "$part" || status=1
    done
    return $status
}

# lint_step NAME COMMAND...: one check; what it said is shown when it fails.
lint_step() {
    local name=$1 start=$SECONDS
    shift
    [ -z "${names[lint]:-}" ] || [[ " ${names[lint]} " == *" $name "* ]] || return 0
    if "$@" >"$tmp/lint.log" 2>&1; then
        pass "lint.$name ($((SECONDS - start)) s)"
    else
        cat "$tmp/lint.log"
        fail "lint.$name"
    fi
}

c_files() { git ls-files -co --exclude-standard '*.c' '*.h'; }

check_format() { c_files | xargs -r clang-format --dry-run -Werror; }

check_shell() {
    git ls-files -co --exclude-standard | while read -r file; do
        [ ! -f "$file" ] || ! head -n 1 "$file" | grep -qE '^#!.*\b(ba)?sh\b' || printf '%s\n' "$file"
    done | xargs -r shellcheck -x
}

# The files that ship; --full adds the tests.
check_tidy() {
    local where='/(agent|lb-policy|conntable|accel|config)/'
    [ $full = 0 ] || where='/(agent|lb-policy|conntable|accel|config|bench|tests)/'
    run-clang-tidy -quiet -j "$jobs" -p build/debug "^$PWD$where.*\\.c\$" >"$tmp/tidy.log" 2>&1 && return 0
    sed -i 's/\x1b\[[0-9;]*m//g' "$tmp/tidy.log"
    grep -A 2 -E '(error|warning):' "$tmp/tidy.log" || cat "$tmp/tidy.log"
    return 1
}

tier_lint() {
    lint_step format check_format
    lint_step includes .ci/check-includes
    lint_step rows .ci/check-rows
    lint_step docs .ci/check-docs
    lint_step shell check_shell
    build debug || return 1
    lint_step config .ci/check-config build/debug/bin/lacon
    lint_step tidy check_tidy
}

.ci/install || exit 1
for tier in $tiers; do
    run_tier "$tier"
done
printf '%d passed, %d failed\n' $passed $failed
[ $failed = 0 ]
