import type { Ledger } from '@fairlead/ledger'
import type { UsedRef } from '../diff/round.ts'
import type { SeenRef } from './round-context.ts'

const maxValue = 300

/** The refs as the log records them; of those that have moved, who wrote what is new, under their pseudonyms. */
export async function usedRefs(
  seen: readonly SeenRef[],
  observed: ReadonlyMap<string, string>,
  subjects: Pick<Ledger['subjects'], 'pseudonym'>,
): Promise<UsedRef[]> {
  return Promise.all(
    seen.map(async ({ repository, ref, commit }) => {
      const { id, url, mirror } = repository
      const previous = observed.get(`${id} ${ref}`)
      const people = previous === commit.id ? [] : await mirror.authors(commit, previous)
      const authors = await Promise.all(
        people.map(async ({ name, email }) => ({
          subject: await subjects.pseudonym(email === '' ? name : email),
          value: `${name} <${email}>`.slice(0, maxValue).toWellFormed(),
        })),
      )
      return { repository: id, url, ref, commit: commit.id, subject: commit.subject, authoredAt: commit.authoredAt, authors }
    }),
  )
}
