import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { identify, isAlive, type ProcessIdentity } from '../process/identity.ts'

/** Who supervises a data folder. */
export interface Holder extends ProcessIdentity {
  /** True for one that was detached from its terminal. */
  readonly detached: boolean
}

/** Takes the folder for this process. Gives the holder instead when another process that still runs has it. */
export function takeLock(file: string, detached: boolean): Holder | undefined {
  mkdirSync(dirname(file), { recursive: true })
  const mine: Holder = { ...identify(process.pid)!, detached }
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify(mine))
  try {
    for (;;) {
      try {
        // A link is made whole or not at all, and never over another.
        linkSync(draft, file)
        return undefined
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = lockHolder(file)
      if (holder) return holder
      rmSync(file, { force: true })
    }
  } finally {
    rmSync(draft, { force: true })
  }
}

/** The process that has the folder, or undefined when none does (a record of one that ended counts as none). */
export function lockHolder(file: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Holder
    return isAlive(holder) ? holder : undefined
  } catch {
    return undefined
  }
}

/** Gives the folder back, if this process has it. */
export function releaseLock(file: string): void {
  if (lockHolder(file)?.pid === process.pid) rmSync(file, { force: true })
}
