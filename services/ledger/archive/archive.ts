import { hash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { FairleadError } from '@fairlead/errors'
import type { RawEvent } from '../event.ts'
import type { Queryable } from '../sql/connections.ts'
import { fromLine, Manifest } from './format.ts'

const gunzipped = promisify(gunzip)

/** How old the list of archived partitions may be. Archiving waits longer than this before it drops a table (`archive/run.ts`). */
export const listForMs = 2_000

/** The positions that have left the database for archive files, and how to read them. */
export class Archive {
  readonly #directory: string | undefined
  readonly #manifests = new Map<string, Manifest>()
  #partitions: readonly { readonly first: number; readonly last: number; readonly manifest: string; readonly sha256: string }[] = []
  #listedAt = Number.NEGATIVE_INFINITY
  /** The member that was read last: reading goes forward in steps smaller than a member. */
  #member: { readonly key: string; readonly events: readonly RawEvent[] } | undefined

  constructor(directory: string | undefined) {
    this.#directory = directory
  }

  /** One archive that the database does not know of yet. */
  static of(directory: string, written: { readonly manifest: Manifest; readonly name: string; readonly sha256: string }): Archive {
    const archive = new Archive(directory)
    const { first, last } = written.manifest
    archive.#partitions = [{ first, last, manifest: written.name, sha256: written.sha256 }]
    return archive
  }

  /** The last archived position; 0 while there is none. */
  async end(db: Queryable): Promise<number> {
    if (performance.now() - this.#listedAt > listForMs) {
      const { rows } = await db.query(
        `SELECT first_position, partition_end, manifest, encode(manifest_sha256, 'hex') AS sha256 FROM fairlead.log_partitions WHERE manifest IS NOT NULL ORDER BY 1`,
      )
      this.#partitions = rows.map((row) => ({
        first: Number(row.first_position),
        last: Number(row.partition_end) - 1,
        manifest: row.manifest,
        sha256: row.sha256,
      }))
      this.#listedAt = performance.now()
    }
    return this.#partitions.at(-1)?.last ?? 0
  }

  /** Archived events after `from` that `wanted` takes, in order, at most `limit`, none after `to`. */
  async scan(from: number, to: number, limit: number, wanted: (event: RawEvent) => boolean): Promise<RawEvent[]> {
    const found: RawEvent[] = []
    for (const partition of this.#partitions) {
      if (partition.last <= from || partition.first > to) continue
      const manifest = await this.#manifest(partition)
      const members = manifest.events.members
      for (let i = 0; i < members.length; i++) {
        const last = members[i + 1] ? members[i + 1]!.first - 1 : manifest.last
        if (last <= from || members[i]!.first > to) continue
        for (const event of await this.#events(manifest, i)) {
          if (event.position <= from || event.position > to || !wanted(event)) continue
          found.push(event)
          if (found.length === limit) return found
        }
      }
    }
    return found
  }

  async #manifest({ manifest: name, sha256 }: { manifest: string; sha256: string }): Promise<Manifest> {
    const known = this.#manifests.get(name)
    if (known) return known
    const text = await readFile(this.#path(name), 'utf8').catch((cause) => {
      throw new FairleadError('LEDGER_UNAVAILABLE', `the archive ${name} cannot be read`, {
        cause,
        next: 'mount the archive where the ledger was told it is',
      })
    })
    if (hash('sha256', text) !== sha256) throw new FairleadError('LEDGER_TAMPERED', `the archive ${name} is not the one that was written`)
    const manifest = Manifest.parse(JSON.parse(text))
    this.#manifests.set(name, manifest)
    return manifest
  }

  async #events({ events }: Manifest, index: number): Promise<readonly RawEvent[]> {
    const key = `${events.file}#${index}`
    if (this.#member?.key === key) return this.#member.events
    const { offset, length } = events.members[index]!
    const file = await open(this.#path(events.file), 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
      const text = (await gunzipped(buffer.subarray(0, bytesRead))).toString('utf8')
      this.#member = { key, events: text.trimEnd().split('\n').map(fromLine) }
      return this.#member.events
    } catch (cause) {
      throw new FairleadError('LEDGER_TAMPERED', `the archive ${events.file} is damaged at byte ${offset}`, { cause })
    } finally {
      await file.close()
    }
  }

  #path(name: string): string {
    if (this.#directory !== undefined) return join(this.#directory, name)
    throw new FairleadError('LEDGER_UNAVAILABLE', `the position asked for is in the archive (${name})`, {
      next: 'pass archiveDirectory to openLedger',
    })
  }
}
