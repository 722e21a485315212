import { readFile } from 'node:fs/promises'
import { parseHeads, type SignedHead } from '@fairlead/ledger'

/** Finds the signed head that vouches for a file. */
export interface HeadSource {
  /** The first head at or after a position: it commits to everything up to there. Undefined while none has been published. */
  covering(position: number): Promise<SignedHead | undefined>
  /** All of them, oldest first. */
  all(): Promise<readonly SignedHead[]>
}

/** Heads that were published into a file, one JSON document a line. A file that is not there holds none. */
export function headsInFile(path: string): HeadSource {
  const all = async () => {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    return parseHeads(text)
  }
  return { all, covering: async (position) => (await all()).find((head) => head.position >= position) }
}
