import { describe, expect, it } from 'vitest'
import { testRepository, testSpec } from '../testing/specs.ts'
import { type Blindness, reasonToKeep } from './removals.ts'

const nothing: Blindness = {
  unreadable: [],
  failedApplications: new Set(),
  failedSets: new Set(),
  seenSets: new Set(),
  keepingSets: new Set(),
}
const blind = (changes: Partial<Blindness>): Blindness => ({ ...nothing, ...changes })
const ofFleet = testSpec('a')
const ofApplication = testSpec('a', { parent: { kind: 'application', name: 'root' } })
const ofSet = testSpec('a', { parent: { kind: 'applicationset', name: 'set' } })
const file = (path: string) => ({ repository: testRepository, file: path })

describe('a declaration that was not seen', () => {
  it.each([
    ['is gone when everything was read', ofFleet, nothing, undefined],
    [
      'stands when its repository could not be read',
      ofFleet,
      blind({ unreadable: [{ repository: 'r', file: undefined }] }),
      'r could not be read',
    ],
    ['stands when its file could not be read', ofFleet, blind({ unreadable: [file('apps/a.yaml')] }), 'apps/a.yaml could not be read'],
    ['is gone when only another file could not be read', ofFleet, blind({ unreadable: [file('apps/b.yaml')] }), undefined],
    [
      'stands when its parent failed',
      ofApplication,
      blind({ failedApplications: new Set(['root']) }),
      'its parent root could not be rendered',
    ],
    ['is gone when another application failed', ofApplication, blind({ failedApplications: new Set(['other']) }), undefined],
    [
      'stands when its set failed',
      ofSet,
      blind({ failedSets: new Set(['set']), seenSets: new Set(['set']) }),
      'ApplicationSet set could not be evaluated',
    ],
    [
      'stands when its set takes nothing away',
      ofSet,
      blind({ keepingSets: new Set(['set']), seenSets: new Set(['set']) }),
      'ApplicationSet set deletes nothing (applicationsSync)',
    ],
    [
      'is gone when its set was seen and does not make it',
      ofSet,
      blind({ seenSets: new Set(['set']), failedApplications: new Set(['x']) }),
      undefined,
    ],
    ['is gone with its set when everything was read', ofSet, nothing, undefined],
    [
      'stands when its set may be in what could not be rendered',
      ofSet,
      blind({ failedApplications: new Set(['x']) }),
      'ApplicationSet set was not seen, and not everything could be read',
    ],
    [
      'stands when its set may be in a file that could not be read',
      ofSet,
      blind({ unreadable: [file('apps/set.yaml')] }),
      'ApplicationSet set was not seen, and not everything could be read',
    ],
  ])('%s', (_, spec, blindness, expected) => {
    expect(reasonToKeep(spec, blindness)).toBe(expected)
  })
})
