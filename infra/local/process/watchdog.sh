#!/bin/sh
# Reads run folders, one a line, until its input ends: the process that wrote them is gone. Then it ends every process that these
# folders still record, each by its own signal and after ten seconds by SIGKILL. A process is touched only when its start matches
# its record, exactly as in run-folder.ts (and the toolchain's process-identity.mjs). After an orderly stop the folders are empty and there is nothing to do.
set -f

folders=''
while read -r folder; do
  folders="$folders$folder
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
    LC_ALL=C ps -o lstart= -p "$1" 2>/dev/null | sed 's/^ *//;s/ *$//'
  fi
}

# Calls $1 with pid, signal and file for each recorded process that still runs.
each_running() {
  printf '%s' "$folders" | while read -r folder; do
    set +f
    for file in "$folder"/*.pid; do
      set -f
      [ -r "$file" ] && read -r pid signal start < "$file" || continue
      if [ "$(start_of "$pid")" = "$start" ]; then "$1" "$pid" "$signal"; else rm -f "$file"; fi
    done
  done
}

ask() { kill -s "${2#SIG}" "-$1" 2>/dev/null; }
force() { kill -s KILL "-$1" 2>/dev/null; }
tell() { echo running; }

each_running ask
tries=0
while [ -n "$(each_running tell)" ] && [ "$tries" -lt 50 ]; do
  tries=$((tries + 1))
  sleep 0.2
done
each_running force
sleep 0.2
each_running tell > /dev/null
