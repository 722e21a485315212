import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * When a process started, in whatever unit its system counts; together with the process id it names one process for ever,
 * where the id alone may have been given to another one.
 *
 * @param {number} pid
 * @returns {string | undefined} undefined when there is no such process
 */
export function processStart(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  try {
    return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid)
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function startFromProc(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the command in brackets and may hold anything, so fields are counted after the last bracket (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z') return undefined
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`
}

/** @param {number} pid */
function startFromPs(pid) {
  return (
    execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined
  )
}
