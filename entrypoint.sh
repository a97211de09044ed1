#!/usr/bin/env bash
# The one door to Arcana: on a bare machine (demo, test) and in the container (api, worker, polling, migrate).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

oldest_python="3.11"
oldest_node="20.19"

usage() {
  cat <<'TEXT'
Usage: ./entrypoint.sh COMMAND

  demo      run everything on this machine, with nothing installed but Python and Node (PORT=8000)
  test      run all checks and tests
  api       serve the API and the Mini App
  worker    run jobs and the schedule
  polling   fetch the bots' updates instead of receiving webhooks
  migrate   bring the database up to date
  doctor    say in words what is wrong with this installation

Any other command of `python -m app` works as well: credit, staff-link, evaluate, bench, pair, keys, openapi.
TEXT
}

# ---- words -----------------------------------------------------------------------------------------------

say() { printf '  %s\n' "$*"; }
done_line() { printf '  ✓ %s\n' "$*"; }
fail() {
  printf '\n  ✗ %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '    %s\n' "$line" >&2; done
  exit 1
}

# Runs a long command silently; shows the end of what it said only when it fails.
quietly() {
  local title="$1" log
  shift
  log="$(mktemp)"
  if ! "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    rm -f "$log"
    fail "$title failed; its last words are above."
  fi
  rm -f "$log"
}

# ---- Python ----------------------------------------------------------------------------------------------

# version_reaches FOUND NEEDED: whether FOUND (20.20.2) is at least NEEDED (20.19).
version_reaches() {
  local found_major found_minor needed_major needed_minor
  IFS=. read -r found_major found_minor _ <<<"${1:-0}.0"
  IFS=. read -r needed_major needed_minor <<<"$2"
  [ "$found_major" -gt "$needed_major" ] ||
    { [ "$found_major" -eq "$needed_major" ] && [ "$found_minor" -ge "$needed_minor" ]; }
}

# Empty when it does not run: a virtual environment outlives the Python that it was made with.
python_version() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null || true; }

# Prints the first Python that is new enough; the newest that has a wheel of every package comes first.
find_python() {
  local name version seen=""
  for name in python3.13 python3.12 python3.11 python3 python; do
    command -v "$name" >/dev/null 2>&1 || continue
    version="$(python_version "$name")"
    [ -n "$version" ] || continue
    if version_reaches "$version" "$oldest_python"; then
      command -v "$name"
      return
    fi
    seen="$version"
  done
  if [ -n "$seen" ]; then
    fail "Python $seen is too old: Arcana needs $oldest_python or newer." \
      "Install a newer one beside it (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13)."
  fi
  fail "There is no Python on this machine: Arcana needs $oldest_python or newer." \
    "Debian, Ubuntu: apt install python3 python3-venv. macOS: brew install python@3.13."
}

# hash_of PATH...: one hash over names and contents of the files below the paths (build results left out).
hash_of() {
  "$python" - "$@" <<'PY'
import hashlib, pathlib, sys
digest = hashlib.sha256()
for root in map(pathlib.Path, sys.argv[1:]):
    for path in sorted([root] if root.is_file() else root.rglob("*")):
        if path.is_file() and not {"node_modules", "dist", "tests"} & set(path.parts):
            digest.update(f"{path}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
print(digest.hexdigest())
PY
}

stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

prepare_python() {
  local base wanted stamp=".venv/.arcana-requirements"
  python=".venv/bin/python"
  if ! version_reaches "$(python_version "$python")" "$oldest_python"; then
    base="$(find_python)"
    "$base" -c 'import ensurepip, venv' 2>/dev/null ||
      fail "This Python cannot make virtual environments." "Debian, Ubuntu: apt install python3-venv."
    rm -rf .venv
    quietly "Making .venv" "$base" -m venv .venv
  fi
  wanted="$(python_version "$python") $(hash_of requirements.txt)"
  if ! stamped "$stamp" "$wanted"; then
    say "· Python packages: installing (a minute or two, only this time) …"
    quietly "Installing the Python packages" "$python" -m pip install --disable-pip-version-check -r requirements.txt
    printf '%s\n' "$wanted" >"$stamp"
  fi
  done_line "Python $(python_version "$python") and its packages"
}

# ---- the Mini App ----------------------------------------------------------------------------------------

check_node() {
  local version
  if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    fail "There is no Node.js with npm on this machine: the Mini App needs $oldest_node or newer." \
      "Debian 13, Ubuntu 25: apt install nodejs npm. macOS: brew install node. Others: nodejs.org."
  fi
  version="$(node --version)"
  version_reaches "${version#v}" "$oldest_node" ||
    fail "Node.js ${version#v} is too old: the Mini App needs $oldest_node or newer." \
      "Install a newer one (22 is a good choice)."
}

prepare_node_modules() {
  local wanted stamp="miniapp/node_modules/.arcana-packages"
  check_node
  wanted="$(node --version) $(hash_of miniapp/package.json miniapp/package-lock.json)"
  if ! stamped "$stamp" "$wanted"; then
    say "· Mini App packages: installing (under a minute, only this time) …"
    quietly "Installing the Mini App's packages" npm --prefix miniapp ci --no-audit --no-fund
    printf '%s\n' "$wanted" >"$stamp"
  fi
}

prepare_miniapp() {
  local wanted stamp="miniapp/node_modules/.arcana-build"
  wanted="$(hash_of miniapp)"
  if ! stamped "$stamp" "$wanted" || [ ! -f miniapp/dist/index.html ]; then
    prepare_node_modules
    say "· Mini App: building …"
    quietly "Building the Mini App" npm --prefix miniapp run build
    printf '%s\n' "$wanted" >"$stamp"
  fi
  done_line "Mini App"
}

# ---- demo ------------------------------------------------------------------------------------------------

# Asked before the set-up: nobody should wait for two minutes to hear that the port is taken.
check_port() {
  case "$PORT" in
  '' | *[!0-9]*) fail "PORT is '$PORT', which is not a number." ;;
  esac
  { [ "${#PORT}" -le 5 ] && [ "$PORT" -ge 1 ] && [ "$PORT" -le 65535 ]; } ||
    fail "PORT is $PORT; a port lies between 1 and 65535."
  "$1" - "$PORT" <<'PY' || fail "Port $PORT is taken by another program." "Stop it, or choose another: PORT=8080 ./entrypoint.sh demo"
import socket, sys
probe = socket.socket()
probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    probe.bind(("127.0.0.1", int(sys.argv[1])))
except OSError:
    sys.exit(1)
PY
}

demo() {
  local base
  export PORT="${PORT:-8000}"
  printf '\nArcana: the demo\n\n'
  base="$(find_python)"
  check_port "$base"
  prepare_python
  prepare_miniapp
  exec "$python" -m app demo "$@"
}

# ---- test ------------------------------------------------------------------------------------------------

results=()   # "passed|failed|skipped<TAB>title<TAB>seconds or reason"
counts=()    # what the last line adds up: "passed", "failed" or "skipped" for a check, or the name of a report

# check TITLE REPORT COMMAND...: run it in the open, remember how it went, go on. REPORT begins the names of
# the JUnit files that it writes, and is empty for a check that counts as one.
check() {
  local title="$1" report="$2" started=$SECONDS outcome=passed
  shift 2
  printf '\n── %s\n' "$title"
  "$@" || outcome=failed
  results+=("$outcome"$'\t'"$title"$'\t'"$((SECONDS - started)) s")
  counts+=("$outcome:$report")
}

# beside NUMBER TITLE REPORT COMMAND...: the same for a check that runs beside others: what it says and how it went
# is kept under the number until `show` is called with it.
beside() {
  local kept="$reports/$1" title="$2" report="$3" started=$SECONDS outcome=passed
  shift 3
  "$@" >"$kept.said" 2>&1 || outcome=failed
  printf '%s\t%s\t%s s\n%s\n' "$outcome" "$title" "$((SECONDS - started))" "$outcome:$report" >"$kept.went"
}

show() {
  local result count title
  if ! { read -r result && read -r count; } <"$reports/$1.went"; then
    fail "A check ended before it could say how it went."
  fi
  IFS=$'\t' read -r _ title _ <<<"$result"
  printf '\n── %s\n' "$title"
  cat "$reports/$1.said"
  results+=("$result")
  counts+=("$count")
}

# missing TITLE WHAT HOW: without a tool a check is skipped aloud on a developer's machine, and fails in CI.
missing() {
  local outcome=skipped
  [ -z "${CI:-}" ] || outcome=failed
  printf '\n── %s\n%s: %s is missing. %s\n' "$1" "$outcome" "$2" "$3"
  results+=("$outcome"$'\t'"$1"$'\t'"$2 is missing. $3")
  counts+=("$outcome:")
}

run_pytest() {
  local report="$1"
  shift
  "$python" -m pytest --junit-xml="$reports/$report.xml" "$@"
}

find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$name" ] && command -v "$name" && return
  done
  return 1
}

php_has_extensions() {
  # shellcheck disable=SC2016 # It is PHP's variable.
  php -r 'foreach (["mbstring", "xml", "sodium", "curl", "intl", "pdo_sqlite"] as $e) { extension_loaded($e) || exit(1); }'
}

# Adds up the cases of all test runners and the checks that have none.
summary() {
  local line outcome title note
  printf '\n══ Summary\n'
  for line in "${results[@]}"; do
    IFS=$'\t' read -r outcome title note <<<"$line"
    case "$outcome" in
    passed) printf '  ✓ %-22s %s\n' "$title" "$note" ;;
    failed) printf '  ✗ %-22s FAILED, %s\n' "$title" "$note" ;;
    skipped) printf '  – %-22s SKIPPED, %s\n' "$title" "$note" ;;
    esac
  done
  "$python" - "$reports" "${counts[@]}" <<'PY'
import pathlib, sys
from xml.etree import ElementTree
total = {"passed": 0, "failed": 0, "skipped": 0}
for outcome, _, report in (count.partition(":") for count in sys.argv[2:]):
    found = dict.fromkeys(total, 0)
    cases = []
    for file in pathlib.Path(sys.argv[1]).glob(f"{report}*.xml") if report else ():
        try:
            cases += ElementTree.parse(file).iter("testcase")
        except ElementTree.ParseError:
            pass  # Its runner died while it wrote, and is counted as failed below.
    for case in cases:
        bad = case.find("failure") is not None or case.find("error") is not None
        found["failed" if bad else "skipped" if case.find("skipped") is not None else "passed"] += 1
    # A check without cases is one; a runner that failed beside its cases (it broke, it found none) is one failure.
    if not cases or (outcome == "failed" and not found["failed"]):
        found[outcome] += 1
    total = {name: total[name] + found[name] for name in total}
print("\n{passed} passed, {failed} failed, {skipped} skipped".format(**total))
sys.exit(total["failed"] > 0)
PY
}

clear_away() {
  local running
  for running in $(jobs -p); do kill "$running" 2>/dev/null || true; done
  rm -rf "$reports"
}

run_tests() {
  printf '\nArcana: all checks and tests\n\n'
  prepare_python
  prepare_node_modules
  prepare_miniapp
  reports="$(mktemp -d)"
  trap clear_away EXIT
  local chromium plugin_lacks=() lane lanes=() processes

  if ! command -v php >/dev/null 2>&1 || ! php_has_extensions; then
    plugin_lacks=("PHP with mbstring, xml, curl, intl and sqlite3" \
      "Debian: apt install php-cli php-mbstring php-xml php-curl php-intl php-sqlite3")
  elif ! command -v phpunit >/dev/null 2>&1 || ! command -v unzip >/dev/null 2>&1; then
    plugin_lacks=("PHPUnit or unzip" "Debian: apt install phpunit unzip")
  fi

  # Most of these use one core; two at a time they disturb each other no more than other programs do.
  printf '\n· Lint, types, and the tests of the Mini App and the plugin: two at a time …\n'
  {
    beside 1 "Python lint" "" "$python" -m ruff check .
    beside 2 "Python format" "" "$python" -m ruff format --check .
    beside 3 "Python types" "" "$python" -m mypy
    [ ${#plugin_lacks[@]} -gt 0 ] ||
      beside 7 "Plugin tests" plugin env ARCANA_TEST_REPORTS="$reports" bash wordpress-plugin/tests/run
  } &
  lanes+=($!)
  {
    beside 4 "Mini App lint" "" npm --prefix miniapp run --silent lint
    beside 5 "Mini App types" "" npm --prefix miniapp run --silent typecheck
    beside 6 "Mini App tests" miniapp npm --prefix miniapp run --silent test -- \
      --reporter=default --reporter=junit --outputFile.junit="$reports/miniapp.xml"
  } &
  lanes+=($!)
  for lane in "${lanes[@]}"; do wait "$lane"; done
  for lane in 1 2 3 4 5 6; do show "$lane"; done
  if [ ${#plugin_lacks[@]} -gt 0 ]; then missing "Plugin tests" "${plugin_lacks[@]}"; else show 7; fi

  # More processes than cores: half of the time tests wait for something.
  processes="$("$python" -c 'import os; print((os.cpu_count() or 1) + 2)')"
  check "Python tests" python run_pytest python -n "$processes" --dist worksteal -m "not journey and not live"
  if chromium="$(find_chromium)"; then
    export CHROMIUM="$chromium"
    check "Journeys in Chromium" journeys run_pytest journeys -n 2 --dist loadfile -m "journey and not live" tests/journeys
  else
    missing "Journeys in Chromium" "Chromium" "Debian: apt install chromium"
  fi
  if [ -n "${ARCANA_TEST_WORDPRESS_URL:-}" ]; then
    check "Live WordPress" live run_pytest live -m live
  else
    results+=("skipped"$'\t'"Live WordPress"$'\t'"it needs a store that may be written to (ARCANA_TEST_WORDPRESS_URL)")
    counts+=("skipped:")
  fi
  summary
}

# ---- the door --------------------------------------------------------------------------------------------

command="${1:-help}"
[ $# -gt 0 ] && shift
case "$command" in
help | -h | --help)
  usage
  exit 0
  ;;
esac

# In the container everything is in place: our process becomes the program, and gets its signals.
if [ "${ARCANA_CONTAINER:-}" = 1 ]; then
  exec python -m app "$command" "$@"
fi

case "$command" in
demo) demo "$@" ;;
test) run_tests "$@" ;;
*)
  # What is set up already goes to standard error: the output belongs to the command.
  {
    prepare_python
    [ "$command" != api ] || prepare_miniapp
  } >&2
  exec "$python" -m app "$command" "$@"
  ;;
esac
