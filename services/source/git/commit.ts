import { FairleadError } from '@fairlead/errors'

/** Who wrote a commit: personal data, kept apart from everything else so that it can be sealed. */
export interface Author {
  readonly name: string
  readonly email: string
}

export interface Commit {
  readonly id: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: Author
  /** ISO 8601, UTC. */
  readonly authoredAt: string
  /** First line of the message, at most 200 characters. */
  readonly subject: string
}

const maxSubject = 200

/** Reads a commit object. Throws `SOURCE_REVISION_NOT_FOUND` when it is damaged. */
export function parseCommit(id: string, data: Buffer): Commit {
  const text = data.toString('utf8')
  const blank = text.indexOf('\n\n')
  const head = blank < 0 ? text : text.slice(0, blank)
  const message = blank < 0 ? '' : text.slice(blank + 2)
  let tree = ''
  const parents: string[] = []
  let author: Author = { name: '', email: '' }
  let seconds = 0
  for (const line of head.split('\n')) {
    if (line.startsWith('tree ')) tree = line.slice(5)
    else if (line.startsWith('parent ')) parents.push(line.slice(7))
    else if (line.startsWith('author ')) {
      const match = /^author (.*?) ?<(.*)> (-?\d+) [+-]\d{4}$/.exec(line)
      if (match) {
        author = { name: match[1]!, email: match[2]! }
        seconds = Number(match[3])
      }
    }
  }
  if (!/^[0-9a-f]{40,64}$/.test(tree))
    throw new FairleadError('SOURCE_REVISION_NOT_FOUND', 'the commit is damaged', { where: { commit: id } })
  const authored = new Date(Math.min(Math.max(seconds, 0), 253_402_300_799) * 1_000)
  return { id, tree, parents, author, authoredAt: authored.toISOString(), subject: subjectOf(message) }
}

function subjectOf(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal must not see them
  const line = (message.trimStart().split('\n')[0] ?? '').replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').trim()
  if (line.length <= maxSubject) return line
  return `${line.slice(0, maxSubject - 1).toWellFormed()}…`
}
