#!/bin/sh
# Reads one line `pid signal start` for each program started, until its input ends: the process that wrote them is gone. Then it ends
# those that still run, each group by its own signal and after ten seconds by SIGKILL. A process is touched only when its start is
# the one that was told (as process-identity.mjs of the toolchain gives it), so after an orderly stop there is nothing to do.
set -f

programs=''
while read -r program; do
  programs="$programs$program
"
done

start_of() {
  if [ -r "/proc/$1/stat" ]; then
    read -r line < "/proc/$1/stat" 2>/dev/null || return 0
    set -- ${line##*) }
    case $1 in Z | X) return 0 ;; esac
    shift 19
    read -r boot < /proc/sys/kernel/random/boot_id
    echo "$boot/$1"
  else
    ps -o lstart= -p "$1" 2>/dev/null | sed 's/^ *//;s/ *$//'
  fi
}

# Calls $1 with pid and signal for each program that still runs.
each_running() {
  printf '%s' "$programs" | while read -r pid signal start; do
    if [ "$(start_of "$pid")" = "$start" ]; then "$1" "$pid" "$signal"; fi
  done
}

ask() { kill -s "${2#SIG}" -- "-$1" 2>/dev/null; }
force() { kill -s KILL -- "-$1" 2>/dev/null; }
tell() { echo running; }

each_running ask
tries=0
while [ -n "$(each_running tell)" ] && [ "$tries" -lt 50 ]; do
  tries=$((tries + 1))
  sleep 0.2
done
each_running force
