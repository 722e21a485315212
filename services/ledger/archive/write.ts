import { createHash, hash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type pg from 'pg'
import { blockNoAt, readBlocks } from '../prove/blocks.ts'
import type { Reader } from '../read/reader.ts'
import { eventsPerMember, type Manifest, toLine } from './format.ts'

const gzipped = promisify(gzip)
const blocksAtOnce = { positions: 100_000, blocks: 10_000 }

/** What has been written, on the disk, under its final name. */
export interface WrittenArchive {
  readonly manifest: Manifest
  readonly name: string
  readonly sha256: string
}

/** Writes the positions `first` to `last` into `directory`, in constant memory. Files appear under their names only when complete. */
export async function writeArchive(
  pool: pg.Pool,
  reader: Reader,
  directory: string,
  log: string,
  first: number,
  last: number,
  signal?: AbortSignal,
): Promise<WrittenArchive> {
  await mkdir(directory, { recursive: true })
  const label = `${String(first).padStart(16, '0')}-${String(last).padStart(16, '0')}`
  const members: Manifest['events']['members'] = []
  const events = await writeFile(directory, `events-${label}.ndjson.gz`, async (file) => {
    for (let from = first - 1; from < last; ) {
      signal?.throwIfAborted()
      const page = await reader.scan({ from, to: last, limit: eventsPerMember })
      const offset = file.offset
      await file.write(await gzipped(page.map(toLine).join(''), { level: 6 }))
      members.push({ first: page[0]!.position, offset, length: file.offset - offset })
      from = page.at(-1)!.position
    }
  })
  let firstBlock = 0
  let lastBlock = 0
  const blocks = await writeFile(directory, `blocks-${label}.ndjson.gz`, async (file) => {
    lastBlock = (await blockNoAt(pool, first))! - 1
    firstBlock = lastBlock + 1
    for (let end = 0; end < last; ) {
      signal?.throwIfAborted()
      const page = (await readBlocks(pool, lastBlock, blocksAtOnce, false)).filter((block) => block.first <= last)
      const lines = page.map(({ leaves: _, root, prev, hash: own, ...block }) =>
        JSON.stringify({ ...block, prev: prev.toString('hex'), root: root.toString('hex'), hash: own.toString('hex') }),
      )
      await file.write(await gzipped(`${lines.join('\n')}\n`, { level: 6 }))
      lastBlock = page.at(-1)!.blockNo
      end = page.at(-1)!.last
    }
  })
  const manifest: Manifest = {
    format: 'fairlead.archive.v1',
    log,
    first,
    last,
    events: { ...events, members },
    blocks: { ...blocks, first: firstBlock, last: lastBlock },
  }
  const text = `${JSON.stringify(manifest)}\n`
  const { file: name } = await writeFile(directory, `events-${label}.manifest.json`, (file) => file.write(Buffer.from(text)))
  return { manifest, name, sha256: hash('sha256', text) }
}

/** Writes beside the name, flushes, renames: what stands under the name is whole. */
async function writeFile(
  directory: string,
  name: string,
  fill: (file: HashedFile) => Promise<void>,
): Promise<{ file: string; sha256: string }> {
  const path = join(directory, name)
  const handle = await open(`${path}.part`, 'w')
  try {
    const file = new HashedFile(handle)
    await fill(file)
    await handle.sync()
    await rename(`${path}.part`, path)
    return { file: name, sha256: file.sha256() }
  } finally {
    await handle.close()
  }
}

class HashedFile {
  readonly #handle: FileHandle
  readonly #hash = createHash('sha256')
  offset = 0

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#handle.appendFile(bytes)
    this.#hash.update(bytes)
    this.offset += bytes.length
  }

  sha256(): string {
    return this.#hash.digest('hex')
  }
}
