import type { Ledger } from '@fairlead/ledger'
import type { BriefApplication, OperationBrief } from '../brief.ts'

/** A brief as it is used: its applications by id. */
export interface ReadBrief extends Omit<OperationBrief, 'applications'> {
  readonly applications: ReadonlyMap<string, BriefApplication>
}

/** Briefs kept parsed: an operation asks for its own a few dozen times. */
const kept = 16

/** Reads briefs by digest. They were validated when they were written, and their digest vouches for the content. */
export function briefReader(blobs: Pick<Ledger['blobs'], 'getJson'>): (digest: string) => Promise<ReadBrief> {
  const read = new Map<string, ReadBrief>()
  return async (digest) => {
    const known = read.get(digest)
    if (known) return known
    const { applications, ...brief } = await blobs.getJson<OperationBrief>(digest)
    const fresh = { ...brief, applications: new Map(applications.map((entry) => [entry.application as string, entry])) }
    read.set(digest, fresh)
    for (const oldest of read.keys()) if (read.size > kept) read.delete(oldest)
    return fresh
  }
}
