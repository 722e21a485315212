import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FairleadError } from '@fairlead/errors'
import { PublishedHandover, PublishedHead } from '@fairlead/messages'
import { readText } from './keys.ts'

/** Heads that are sent to be verified against; more are thinned out evenly, the newest stays. */
const maxHeads = 2_000

/** What was published, found in files. */
export interface Published {
  readonly heads: readonly PublishedHead[]
  readonly handovers: readonly PublishedHandover[]
}

/**
 * The heads that a target holds: a file of them, one JSON document a line; a file with one of them, or with a JSON array; a folder, as a clone of the
 * repository is one, with such files somewhere in it. The same head in several places counts once. Throws `BAD_USER_INPUT` naming the line.
 */
export function readHeads(paths: readonly string[]): Published {
  const found = new Map<string, PublishedHead>()
  const handovers: PublishedHandover[] = []
  for (const path of paths) {
    for (const file of filesAt(path)) {
      const here = parsePublished(readText(file), file, file !== path)
      for (const head of here.heads) found.set(head.signature, head)
      handovers.push(...here.handovers)
    }
  }
  if (found.size === 0)
    throw new FairleadError('BAD_USER_INPUT', `${paths.join(', ')} holds no signed head`, { where: { file: paths[0] ?? '' } })
  const heads = [...found.values()].sort((a, b) => a.position - b.position)
  const every = Math.ceil(heads.length / maxHeads)
  return { heads: heads.filter((_, index) => (heads.length - 1 - index) % every === 0), handovers }
}

function filesAt(path: string): string[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [path]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.jsonl?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/.git/'))
    .sort()
}

/** One file's, without what is none of Fairlead's in a file that was found rather than named. */
export function parsePublished(text: string, file: string, found = false): Published {
  const whole = documentsOf(text)
  const documents = whole ?? text.split('\n').map((line, index) => ({ line: index + 1, text: line }))
  const heads: PublishedHead[] = []
  const handovers: PublishedHandover[] = []
  for (const { line, text: document } of documents) {
    if (document.trim() === '') continue
    try {
      const value = JSON.parse(document) as { format?: unknown }
      if (value.format === 'fairlead.key-handover.v1') handovers.push(PublishedHandover.parse(value))
      else if (!found || String(value.format).startsWith('fairlead.')) heads.push(PublishedHead.parse(value))
    } catch (cause) {
      throw new FairleadError('BAD_USER_INPUT', `${file}:${line} is no signed head`, { cause, where: { file, line } })
    }
  }
  return { heads, handovers }
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
