import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { SignedHead } from './head.ts'
import type { KeyHandover } from './key-handover.ts'

/** What is published: one JSON document, one line wherever lines are kept. */
export type PublishedLine = SignedHead | KeyHandover

/** Where signed heads go: somewhere that whoever can rewrite the database cannot rewrite as well. */
export interface HeadTarget {
  /** For messages; holds no credential. */
  readonly name: string
  /** Least time between two heads, for a target where each of them weighs something. Default: each head that there is. */
  readonly everyMs?: number | undefined
  /** Resolves when the line is kept there. The same line may come again after an answer was lost, or a restart. */
  publish(line: PublishedLine, signal: AbortSignal): Promise<void>
}

/** Appends to a file, one JSON line each, on the disk before it returns. A line that was cut off by a crash is taken away first. */
export function fileTarget(path: string): HeadTarget {
  return {
    name: `file ${path}`,
    async publish(line) {
      await mkdir(dirname(path), { recursive: true })
      let file: FileHandle | undefined
      try {
        file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o644)
        await dropCutLine(file)
        await file.appendFile(`${JSON.stringify(line)}\n`)
        await file.datasync()
      } finally {
        await file?.close()
      }
    },
  }
}

/** A published line is shorter than this. */
const longestLine = 4_096

async function dropCutLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat()
  const start = Math.max(0, size - longestLine)
  const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(size - start), position: start })
  const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1
  // A long stretch without a line's end is nothing that was written here.
  if (end < bytesRead && (end > 0 || start === 0)) await file.truncate(start + end)
}
