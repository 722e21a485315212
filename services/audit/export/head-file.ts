import { type FileHandle, open } from 'node:fs/promises'
import { type CheckpointFile, parseCheckpoints, type SignedHead } from '@fairlead/ledger'
import type { HeadSource } from './head.ts'

/** What is read at once. */
const windowBytes = 64 * 1024
/** Heads kept for a verification; more are thinned out evenly. Their file grows by thousands a day. */
const maxHeads = 10_000

/** Heads that were published into a file, one JSON document a line, positions growing. A file that is not there holds none. */
export function headsInFile(path: string): Required<HeadSource> {
  return {
    newest: () => withFile(path, undefined, last),
    published: () => withFile(path, { heads: [], handovers: [] }, readAll),
    covering: (position) => withFile(path, undefined, (file, size) => search(file, size, position)),
  }
}

async function withFile<T>(path: string, absent: T, work: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    return await work(file, (await file.stat()).size)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent
    throw error
  } finally {
    await file?.close()
  }
}

async function last(file: FileHandle, size: number): Promise<SignedHead | undefined> {
  const start = Math.max(0, size - windowBytes)
  const text = await read(file, start, size - start)
  return lines(start === 0 ? text : text.slice(text.indexOf('\n') + 1)).heads.at(-1)
}

/** Halves the file until what is left is one window: whole lines only, so each half is cut at a line's end. */
async function search(file: FileHandle, size: number, position: number): Promise<SignedHead | undefined> {
  let [low, high] = [0, size]
  while (high - low > windowBytes) {
    const middle = low + Math.floor((high - low) / 2)
    const text = await read(file, middle, Math.min(windowBytes, high - middle))
    const start = text.indexOf('\n') + 1
    const head = start === 0 ? undefined : lines(text.slice(start)).heads[0]
    // Nothing to go by in the upper half's first window: only handovers, or one long line. It is read through instead.
    if (!head) break
    if (head.position >= position) high = middle + Buffer.byteLength(text.slice(0, start))
    else low = middle + Buffer.byteLength(text.slice(0, start))
  }
  for (let at = low; at < size; ) {
    const text = await read(file, at, windowBytes)
    const end = text.lastIndexOf('\n') + 1
    if (end === 0) return undefined
    const found = lines(text.slice(0, end)).heads.find((head) => head.position >= position)
    if (found) return found
    at += Buffer.byteLength(text.slice(0, end))
  }
  return undefined
}

async function readAll(file: FileHandle, size: number): Promise<CheckpointFile> {
  let heads: SignedHead[] = []
  const handovers: CheckpointFile['handovers'][number][] = []
  let every = 1
  let seen = 0
  let newest: SignedHead | undefined
  for (let at = 0; at < size; ) {
    const text = await read(file, at, windowBytes)
    const end = text.lastIndexOf('\n') + 1
    if (end === 0) break
    const page = lines(text.slice(0, end))
    handovers.push(...page.handovers)
    for (const head of page.heads) {
      newest = head
      if (seen++ % every === 0) heads.push(head)
    }
    if (heads.length > maxHeads) {
      every *= 2
      heads = heads.filter((_, index) => index % 2 === 0)
    }
    at += Buffer.byteLength(text.slice(0, end))
  }
  if (newest && heads.at(-1) !== newest) heads.push(newest)
  return { heads, handovers }
}

/** The whole lines of a text; the last one may be cut. */
function lines(text: string): CheckpointFile {
  return parseCheckpoints(text.slice(0, text.lastIndexOf('\n') + 1))
}

async function read(file: FileHandle, position: number, length: number): Promise<string> {
  const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(length), position })
  return buffer.subarray(0, bytesRead).toString('utf8')
}
