import { expect, test } from 'vitest'
import { readWave } from './waves.ts'

const wave = 'argocd.argoproj.io/sync-wave'
const weight = 'helm.sh/hook-weight'

test.each<[Record<string, string>, number]>([
  [{}, 0],
  [{ [wave]: '2' }, 2],
  [{ [wave]: '-5' }, -5],
  [{ [wave]: '+5' }, 5],
  [{ [wave]: '007' }, 7],
  [{ [wave]: '-0' }, 0],
  [{ [wave]: ' 2' }, 0],
  [{ [wave]: '2.0' }, 0],
  [{ [wave]: '1e3' }, 0],
  [{ [wave]: '' }, 0],
  [{ [wave]: '99999999999999999999' }, 0],
  [{ [weight]: '3' }, 3],
  [{ [wave]: '1', [weight]: '3' }, 1],
  [{ [wave]: '0', [weight]: '3' }, 0],
  [{ [wave]: 'one', [weight]: '3' }, 3],
])('%j', (annotations, expected) => {
  expect(readWave(annotations)).toBe(expected)
})
