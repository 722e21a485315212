import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { diff } from './diff.ts'

const key = fc.stringMatching(/^[a-z]{1,6}$/)
const leaf = fc.oneof(fc.stringMatching(/^[a-z0-9]{1,5}$/), fc.integer(), fc.boolean())
const tree: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.dictionary(key, tie('node'), { minKeys: 1, maxKeys: 4 }),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
  ),
})).node
const object = fc
  .dictionary(key, tree, { minKeys: 1, maxKeys: 4 })
  .map((spec): KubernetesObject => ({ apiVersion: 'a.example/v1', kind: 'Thing', metadata: { name: 'x' }, spec }))

test('an object does not differ from itself, nor from itself with more fields', () => {
  fc.assert(
    fc.property(object, key, leaf, (applied, extra, value) => {
      const spec = { ...(applied.spec as object) }
      const live = {
        ...applied,
        metadata: { name: 'x', uid: '1' },
        spec: extra in spec ? spec : { ...spec, [extra]: value },
        status: { any: 1 },
      }
      expect(diff(applied, live)).toEqual([])
    }),
  )
})

test('every leaf that is changed is found, with a path that names its top field', () => {
  fc.assert(
    fc.property(object, fc.nat(), (applied, pick) => {
      const live = structuredClone(applied) as { spec: Record<string, unknown> } & KubernetesObject
      const places: (() => string)[] = []
      const visit = (node: unknown, top: string) => {
        for (const [name, child] of Object.entries(node as object)) {
          const field = top === '' ? name : top
          if (typeof child === 'object' && child !== null) visit(child, field)
          else
            places.push(() => {
              ;(node as Record<string, unknown>)[name] = `${String(child)}-changed`
              return field
            })
        }
      }
      visit(live.spec, '')
      const changed = places[pick % places.length]?.() ?? ''
      const paths = diff(applied, live)
      expect(paths).toHaveLength(1)
      expect(paths[0]).toMatch(new RegExp(`^\\.spec\\.${changed}\\b`))
    }),
  )
})
