import { mkdirSync, readFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { processStart } from './process-identity.mjs'

const pollMs = 250
const heartbeatMs = 5_000
/** A lock of another host, whose processes cannot be seen from here, is given up when its heartbeat is this old. */
const silentMs = 30_000

/**
 * @typedef {object} Holder who holds a lock, as written into the lock file
 * @property {string} host
 * @property {number} pid
 * @property {string} started see `processStart`
 * @property {string} purpose
 */

/**
 * @typedef {object} LockOptions
 * @property {string} purpose shown to whoever waits
 * @property {AbortSignal | undefined} [signal] ends the wait
 * @property {(holder: Holder) => void} [onWait] called once for each holder that is waited for
 * @property {() => boolean} [until] asked while waiting; true means that the lock is no longer of interest
 */

/**
 * Takes a lock that lives in a file, waiting for whoever holds it. A lock whose process is gone is taken over.
 * It saves work (two starts do not build the same thing); what it guards stays correct without it, since results are put in place by a rename.
 *
 * @param {string} path
 * @param {LockOptions} options
 * @returns {Promise<(() => void) | undefined>} releases the lock; undefined when `until` became true first
 */
export async function acquireLock(path, { purpose, signal, onWait, until }) {
  mkdirSync(dirname(path), { recursive: true })
  /** @type {Holder} */
  const self = { host: hostname(), pid: process.pid, started: processStart(process.pid) ?? '', purpose }
  const text = `${JSON.stringify(self)}\n`
  let announced = ''
  for (;;) {
    signal?.throwIfAborted()
    if (createExclusive(path, text)) return holdLock(path, text)
    const found = readText(path)
    if (found === undefined) continue
    const holder = parseHolder(found)
    if (isStale(path, holder)) {
      if (!removeStale(path, found)) await delay(pollMs, undefined, { signal })
      continue
    }
    if (holder && announced !== found) {
      announced = found
      onWait?.(holder)
    }
    if (until?.()) return undefined
    await delay(pollMs, undefined, { signal })
  }
}

/**
 * @param {string} path
 * @param {string} text
 */
function holdLock(path, text) {
  const heartbeat = setInterval(() => touch(path), heartbeatMs).unref()
  const release = () => {
    clearInterval(heartbeat)
    process.off('exit', release)
    if (readText(path) === text) remove(path)
  }
  process.on('exit', release)
  return release
}

/**
 * @param {string} path
 * @param {Holder | undefined} holder undefined when the file cannot be understood, for instance while it is being written
 */
function isStale(path, holder) {
  if (holder?.host === hostname() && holder.started !== '') return processStart(holder.pid) !== holder.started
  try {
    return Date.now() - statSync(path).mtimeMs > silentMs
  } catch {
    return false
  }
}

/**
 * Removes a lock that was judged stale. Only one process at a time may do so, and only while the file still says what was judged:
 * otherwise two who saw the same stale lock would each remove it, the second one the fresh lock of the first.
 *
 * @param {string} path
 * @param {string} judged
 */
function removeStale(path, judged) {
  const guard = `${path}.takeover`
  if (!createExclusive(guard, '')) {
    if (isStale(guard, undefined)) remove(guard)
    return false
  }
  try {
    if (readText(path) === judged) remove(path)
    return true
  } finally {
    remove(guard)
  }
}

/**
 * @param {string} path
 * @param {string} text
 */
function createExclusive(path, text) {
  try {
    writeFileSync(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * @param {string} text
 * @returns {Holder | undefined}
 */
function parseHolder(text) {
  try {
    const value = JSON.parse(text)
    return typeof value?.pid === 'number' && typeof value.host === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** @param {string} path */
function touch(path) {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

/** @param {string} path */
function remove(path) {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function hasCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code
}
