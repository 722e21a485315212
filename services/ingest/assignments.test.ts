import {
  ApplicationDeclared,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ApplicationRendered,
  ClusterConnected,
  ClusterDisconnected,
  ClusterJoined,
  ClusterRevoked,
  ClusterTokenIssued,
} from '@fairlead/events'
import type { ApplicationId, ClusterId, Digest } from '@fairlead/manifests'
import { describe, expect, test } from 'vitest'
import { Assignments } from './assignments.ts'

const east = 'east' as ClusterId
const west = 'west' as ClusterId
const shop = 'shop' as ApplicationId
const digest = (index: number) => index.toString(16).padStart(64, '0') as Digest
const event = (type: { readonly type: string }, data: unknown) => ({ type: type.type, data, recordedAt: '2026-01-01T00:00:00.000Z' })

describe('assignments', () => {
  test('an application belongs to the clusters it was ever sent to, and to no other', () => {
    const assignments = new Assignments()
    assignments.apply(event(ApplicationDeclared, { application: shop, cluster: east }))
    expect([assignments.owns(east, shop), assignments.owns(west, shop)]).toEqual([true, false])
    assignments.apply(event(ApplicationDeclared, { application: shop, cluster: west }))
    expect([assignments.owns(east, shop), assignments.owns(west, shop)]).toEqual([true, true])
  })

  test('an application without a cluster belongs to none', () => {
    const assignments = new Assignments()
    assignments.apply(event(ApplicationDeclared, { application: shop, cluster: null }))
    expect(assignments.owns(east, shop)).toBe(false)
  })

  test('a cluster reads what its own applications refer to, and nothing else (T2)', () => {
    const assignments = new Assignments()
    assignments.apply(event(ApplicationRendered, { application: shop, cluster: east, bundle: digest(1) }))
    assignments.apply(event(ApplicationPlanned, { application: shop, plan: digest(2) }))
    expect([digest(1), digest(2), digest(3)].map((blob) => assignments.mayRead(east, blob))).toEqual([true, true, false])
    expect(assignments.mayRead(west, digest(1))).toBe(false)
  })

  test('old digests are forgotten, a digest in use again is not', () => {
    const assignments = new Assignments()
    const start = (bundle: Digest) => assignments.apply(event(ApplicationOperationStarted, { application: shop, cluster: east, bundle }))
    start(digest(1))
    for (let index = 2; index <= 40; index++) start(digest(index))
    start(digest(7))
    for (let index = 41; index <= 60; index++) start(digest(index))
    expect([digest(1), digest(7), digest(60)].map((blob) => assignments.mayRead(east, blob))).toEqual([false, true, true])
  })

  test('a token is used once, a revoked key is no key', () => {
    const assignments = new Assignments()
    assignments.apply(event(ClusterTokenIssued, { cluster: east, fingerprint: 'f', expiresAt: '2026-01-01T00:00:00.000Z' }))
    expect(assignments.token('f')).toMatchObject({ cluster: east, used: false })
    assignments.apply(event(ClusterJoined, { cluster: east, tokenFingerprint: 'f', publicKey: 'UA' }))
    expect([assignments.token('f')?.used, assignments.keyOf(east)]).toEqual([true, 'UA'])
    assignments.apply(event(ClusterRevoked, { cluster: east, publicKey: 'UA' }))
    expect(assignments.keyOf(east)).toBeUndefined()
  })

  test('a revoked key stays revoked until its agent joins again, and revoking an old key leaves the new agent in', () => {
    const assignments = new Assignments()
    assignments.apply(event(ClusterJoined, { cluster: east, tokenFingerprint: 'f', publicKey: 'OLD' }))
    assignments.apply(event(ClusterJoined, { cluster: east, tokenFingerprint: 'g', publicKey: 'NEW' }))
    assignments.apply(event(ClusterRevoked, { cluster: east, publicKey: 'OLD' }))
    expect([assignments.keyOf(east), [...assignments.revoked]]).toEqual(['NEW', [['OLD', new Date('2026-01-01T00:00:00.000Z')]]])
    assignments.apply(event(ClusterJoined, { cluster: east, tokenFingerprint: 'h', publicKey: 'OLD' }))
    expect(assignments.revoked.size).toBe(0)
  })

  test('who is connected', () => {
    const assignments = new Assignments()
    assignments.apply(event(ClusterConnected, { cluster: east }))
    expect([...assignments.connected]).toEqual([east])
    assignments.apply(event(ClusterDisconnected, { cluster: east }))
    expect(assignments.connected.size).toBe(0)
  })
})
