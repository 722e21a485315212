import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { FairleadError } from '@fairlead/errors'
import type { FileDigest } from '@fairlead/messages'
import type { Terminal } from '../output/print.ts'

/** The body of an answer into a file: it gets its name when it is whole. Throws `SERVER_UNREACHABLE` when it breaks off. */
export async function saveBody(response: Response, file: string): Promise<FileDigest> {
  const part = `${file}.part`
  const out = await open(part, 'w', 0o600)
  try {
    const digest = await through(response, async (chunk) => {
      await out.write(chunk)
    })
    await out.sync()
    await out.close()
    await rename(part, file)
    return digest
  } catch (error) {
    await out.close().catch(() => undefined)
    await rm(part, { force: true })
    throw error
  }
}

/** The body of an answer, text, to standard output as it comes. */
export function printBody(response: Response, terminal: Terminal): Promise<FileDigest> {
  const decoder = new TextDecoder()
  return through(response, async (chunk) => terminal.out(decoder.decode(chunk, { stream: true })))
}

async function through(response: Response, sink: (chunk: Uint8Array) => Promise<void>): Promise<FileDigest> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const chunks = response.body?.[Symbol.asyncIterator]()
  for (;;) {
    const next = await chunks?.next().catch((cause: unknown) => {
      throw new FairleadError('SERVER_UNREACHABLE', 'the hub broke off: the file is not whole', { cause, next: 'export again' })
    })
    if (!next || next.done) return { sha256: hash.digest('hex'), sizeBytes }
    hash.update(next.value)
    sizeBytes += next.value.length
    await sink(next.value)
  }
}
