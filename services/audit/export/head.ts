import { type CheckpointFile, type HeadKey, type SignedHead, trustedKeys } from '@fairlead/ledger'

/** Finds the signed heads that vouch for files. */
export interface HeadSource {
  /** The first head at or after a position: it commits to everything up to there. Undefined while there is none. */
  covering(position: number): Promise<SignedHead | undefined>
  /** The last one that was published, when that is known at no cost. */
  newest?(): Promise<SignedHead | undefined>
  /** What has been published, oldest first: all of it, or an even selection with the newest when that is very much. */
  published(): Promise<CheckpointFile>
}

/** Published heads where there are any, else the head as it is now, signed for this. `sign` gives undefined for an empty log. */
export function withSigner(published: HeadSource | undefined, sign: () => Promise<SignedHead | undefined>): HeadSource {
  return {
    newest: async () => published?.newest?.(),
    published: async () => (await published?.published()) ?? { heads: [], handovers: [] },
    async covering(position) {
      const found = await published?.covering(position)
      if (found) return found
      const signed = await sign()
      return signed && signed.position >= position ? signed : undefined
    },
  }
}

/** The keys that may have signed heads of a log: those that are trusted, and those they handed over to. */
export function headKeys(roots: readonly HeadKey[], log: string, { handovers }: Pick<CheckpointFile, 'handovers'>): HeadKey[] {
  return trustedKeys(roots, log, handovers)
}
