import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FairleadError } from '@fairlead/errors'
import { PublishedHead } from '@fairlead/messages'
import { readText } from './keys.ts'

/** Heads that are sent to be verified against; more are thinned out evenly, the newest stays. */
const maxHeads = 2_000

/** What was published, found in files. */
export interface Published {
  readonly heads: readonly PublishedHead[]
}

/**
 * The heads that a target holds: a file of them, one JSON document a line; a file with one of them, or with a JSON array; a folder, as a clone of the
 * repository is one, with such files somewhere in it. The same head in several places counts once. Throws `BAD_USER_INPUT` naming the line.
 */
export function readHeads(paths: readonly string[]): Published {
  const found = new Map<string, PublishedHead>()
  for (const path of paths) {
    for (const file of filesAt(path)) {
      for (const head of parseHeads(readText(file), file, file !== path)) found.set(head.signature, head)
    }
  }
  if (found.size === 0)
    throw new FairleadError('BAD_USER_INPUT', `${paths.join(', ')} holds no signed head`, { where: { file: paths[0] ?? '' } })
  const heads = [...found.values()].sort((a, b) => a.position - b.position)
  const every = Math.ceil(heads.length / maxHeads)
  return { heads: heads.filter((_, index) => (heads.length - 1 - index) % every === 0) }
}

function filesAt(path: string): string[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [path]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.jsonl?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/.git/'))
    .sort()
}

/** One file's. Handovers of keys among them are left out, and what is none of Fairlead's in a file that was found rather than named. */
export function parseHeads(text: string, file: string, found = false): PublishedHead[] {
  const whole = documentsOf(text)
  const documents = whole ?? text.split('\n').map((line, index) => ({ line: index + 1, text: line }))
  return documents.flatMap(({ line, text: document }) => {
    if (document.trim() === '') return []
    try {
      const value = JSON.parse(document) as { format?: unknown }
      if (value.format === 'fairlead.key-handover.v1' || (found && !String(value.format).startsWith('fairlead.'))) return []
      return [PublishedHead.parse(value)]
    } catch (cause) {
      throw new FairleadError('BAD_USER_INPUT', `${file}:${line} is no signed head`, { cause, where: { file, line } })
    }
  })
}

/** The documents of a text that is JSON as a whole; undefined for lines of it. */
function documentsOf(text: string): { line: number; text: string }[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return (Array.isArray(value) ? value : [value]).map((document) => ({ line: 1, text: JSON.stringify(document) }))
  } catch {
    return undefined
  }
}
