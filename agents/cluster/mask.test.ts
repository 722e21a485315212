import { describe, expect, test } from 'vitest'
import { type KubernetesObject, refOf } from './kubernetes/object.ts'
import { failureOf } from './kubernetes/status.ts'
import { maskObject, maskPair, safeMessage } from './mask.ts'

const secret = (fields: Record<string, unknown>, annotations?: Record<string, string>): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'n', ...(annotations && { annotations }), managedFields: [{ manager: 'x', fieldsV1: {} }] },
  ...fields,
})

describe('an object for a person', () => {
  test('values of a Secret are masked, copies of values are gone', () => {
    const masked = maskObject(
      secret(
        { data: { a: 'aHVudGVyMg==' }, stringData: { b: 'hunter2' }, type: 'Opaque' },
        { 'kubectl.kubernetes.io/last-applied-configuration': 'hunter2', note: 'kept' },
      ),
    )
    expect(masked).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'n', annotations: { note: 'kept' } },
      data: { a: '‹masked›' },
      stringData: { b: '‹masked›' },
      type: 'Opaque',
    })
  })

  test('another kind keeps its values but not their copies', () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', managedFields: [] }, data: { a: '1' } }
    expect(maskObject(object)).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } })
    expect(maskPair(object, undefined)).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } },
      undefined,
    ])
  })

  test('a Secret of some other group is not one', () => {
    expect(maskObject({ apiVersion: 'x.io/v1', kind: 'Secret', metadata: { name: 'a' }, data: { a: '1' } })).toMatchObject({
      data: { a: '1' },
    })
  })
})

test('a pair shows what differs and nothing more', () => {
  const [live, desired] = maskPair(
    secret({ data: { same: 'YQ==', changed: 'YQ==', gone: 'YQ==' } }),
    secret({ stringData: { same: 'a', changed: 'b', added: null } }),
  )
  expect(live?.data).toEqual({ same: '‹masked›', changed: '‹masked: live value›', gone: '‹masked: live value›' })
  expect(desired?.data).toEqual({ same: '‹masked›', changed: '‹masked: desired value›', added: '‹masked: desired value›' })
  expect(desired).not.toHaveProperty('stringData')
  expect(maskPair(undefined, secret({ data: { a: 'b' } }))[1]?.data).toEqual({ a: '‹masked: desired value›' })
})

describe("the API server's words", () => {
  const body = {
    message: 'data.a: Invalid value: "hunter2"',
    reason: 'Invalid',
    details: { causes: [{ field: 'data[a]' }, { field: 'hunter2 "x"' }, {}] },
  }
  test('are repeated for other kinds', () => {
    expect(safeMessage(refOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }), body, 422)).toBe(body.message)
    expect(safeMessage({ group: '', kind: 'Pod' }, {}, 500)).toBe('the API server answered 500')
  })
  test('are withheld for Secrets; plain field names pass', () => {
    const message = safeMessage({ group: '', kind: 'Secret' }, body, 422)
    expect(message).toContain('data[a]')
    expect(message).not.toContain('hunter2')
    expect(safeMessage({ group: '', kind: 'Secret' }, {}, 500)).toContain('HTTP 500')
  })
})

test.each([
  [404, { details: { kind: 'namespaces' } }, 'absent', true],
  [404, { details: { kind: 'pods' } }, 'absent', false],
  [404, '404 page not found', 'absent', false],
  [409, {}, 'conflict', false],
  [429, {}, 'unreachable', false],
  [500, { message: 'failed to create typed patch object (x): .spec.y: field not declared in schema' }, 'refused', false],
  [500, { message: 'etcd is away' }, 'unreachable', false],
  [422, {}, 'refused', false],
])('status %i %j is %s', (status, body, kind, missingNamespace) => {
  expect(failureOf(status, body, { group: '', kind: 'Pod' })).toMatchObject({ kind, missingNamespace })
})
