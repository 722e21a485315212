import { join } from 'node:path'
import { acquireLock, type Holder } from '../bootstrap/lock.mjs'

export interface CacheLockOptions {
  /** Shown to whoever waits for it. */
  readonly purpose: string
  readonly signal?: AbortSignal | undefined
  readonly onWait: (holder: Holder) => void
  /** Asked while waiting; true ends the wait without the lock. */
  readonly until: () => boolean
}

interface Shared {
  users: number
  /** Releases the lock; undefined when the one who asked for it stopped waiting. */
  readonly taken: Promise<(() => void) | undefined>
}

const held = new Map<string, Shared>()

/**
 * Runs `work` while this process holds the build lock of a cache. All builds of one process share it, so that another process waits for
 * the process, not for a single build. When `until` became true while waiting, `work` runs without the lock.
 */
export async function withCacheLock<T>(cache: string, options: CacheLockOptions, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const shared = held.get(cache) ?? { users: 0, taken: take(cache, options) }
    held.set(cache, shared)
    shared.users++
    try {
      const release = await shared.taken
      options.signal?.throwIfAborted()
      if (release || options.until()) return await work()
    } finally {
      shared.users--
      if (shared.users === 0) await letGo(cache, shared)
    }
  }
}

async function take(cache: string, options: CacheLockOptions): Promise<(() => void) | undefined> {
  try {
    return await acquireLock(join(cache, 'locks', 'build.lock'), options)
  } catch (error) {
    if (options.signal?.aborted) return undefined
    throw error
  }
}

async function letGo(cache: string, shared: Shared): Promise<void> {
  if (held.get(cache) === shared) held.delete(cache)
  const release = await shared.taken.catch(() => undefined)
  release?.()
}
