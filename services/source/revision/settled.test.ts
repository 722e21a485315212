import type { ClusterId, Digest } from '@fairlead/manifests'
import { expect, it } from 'vitest'
import type { KnownApplication } from '../diff/changes.ts'
import { testProject, testSpec } from '../testing/specs.ts'
import type { Evaluated, Evaluation } from './evaluate.ts'
import { Settled } from './settled.ts'

const spec = testSpec('a', { project: 'shop' })
const project = testProject('shop', { sourceRepos: ['*'], destinations: [] })
const bundle = '1'.repeat(64) as Digest
const preparation = { declaration: bundle, revision: { commit: 'c1', sources: [], subject: '' }, sources: [], watched: [], renders: [] }
const entry: Evaluated['entry'] = { ok: true, entry: { v: 1, bundle, objects: 1, places: [] } }
const seen: Evaluated = { spec, fleet: undefined, kept: undefined, entry, preparation: { ...preparation, key: bundle, error: undefined } }
const known: KnownApplication = { spec, cluster: 'east' as ClusterId, bundle, renderError: undefined }
const east = { id: 'east' as ClusterId, server: 'https://east.example.com', labels: {} }
const now = (changes: Partial<Evaluated> = {}, declared = project): Evaluation => ({
  ...{ applications: new Map([['a', { ...seen, ...changes }]]), projects: new Map([['shop', declared]]) },
  ...{ removed: [], complete: true, failures: [], warnings: [] },
})
const moved = { preparation: { ...seen.preparation, revision: { ...preparation.revision, commit: 'c2' } } }
const fleet = { repository: 'f', url: 'https://git.example.com/f', role: 'fleet', path: '.', revision: 'HEAD' } as const

it.each([
  ['nothing', now(), known, [east], 0],
  ['another commit', now(moved), known, [east], 0],
  ['another declaration', now({ spec: testSpec('a', { project: 'shop' }) }), known, [east], 1],
  ['another render', now({ entry: { ...entry } }), known, [east], 1],
  ['another fleet', now({ fleet }), known, [east], 1],
  ['another project', now({}, testProject('shop', { sourceRepos: [], destinations: [] })), known, [east], 1],
  ['news in the log', now(), { ...known }, [east], 1],
  ['another cluster', now(), known, [east, { ...east, id: 'west' as ClusterId }], 1],
  ['the cluster joined anew', now(), known, [{ ...east }], 1],
  ['the cluster gone', now(), known, [], 1],
])('judges again after %s: %#', (_, evaluation, knowledge, clusters, judged) => {
  const settled = new Settled()
  expect(settled.open(now(), new Map([['a', known]]), [east])).toHaveLength(1)
  settled.note(seen, now(), known)
  expect(settled.open(evaluation, new Map([['a', knowledge]]), clusters)).toHaveLength(judged)
})
