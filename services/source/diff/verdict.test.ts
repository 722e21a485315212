import type { ClusterId, ObjectRef } from '@fairlead/manifests'
import { describe, expect, it } from 'vitest'
import { testProject, testRepository, testSpec } from '../testing/specs.ts'
import { projectVerdict } from './verdict.ts'

const east = { id: 'east' as ClusterId, server: 'https://east.example.com', labels: {} }
const home = 'https://kubernetes.default.svc'
const shop = (destinations: object[], more: object = {}) => testProject('shop', { sourceRepos: ['*'], destinations, ...more })
const spec = testSpec('a', { project: 'shop' })
const map: ObjectRef = { group: '', kind: 'ConfigMap', namespace: 'a', name: 'm' }
const role = (name: string): ObjectRef => ({ group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', namespace: '', name })

describe('projectVerdict', () => {
  it('lets the default project do everything until somebody declares it', () => {
    expect(projectVerdict(testSpec('a'), [map, role('r')], undefined, east, true)).toBeUndefined()
    expect(projectVerdict(testSpec('a'), [map], testProject('default', { sourceRepos: [], destinations: [] }), east, true)?.code).toBe(
      'PROJECT_DENIED',
    )
  })

  it('refuses a project that nobody declares', () => {
    expect(projectVerdict(spec, [map], undefined, east, true)).toMatchObject({
      code: 'PROJECT_DENIED',
      message: 'project shop is not declared',
    })
  })

  it.each([
    ['by the home URL', [{ server: home, namespace: 'a' }], true],
    ["by the cluster's own URL", [{ server: east.server, namespace: 'a' }], true],
    ['by its name', [{ name: 'east', namespace: '*' }], true],
    ['another cluster', [{ name: 'west', namespace: '*' }], false],
    ['another namespace', [{ server: home, namespace: 'b' }], false],
  ])('allows a destination %s', (_, destinations, allowed) => {
    expect(projectVerdict(spec, [map], shop(destinations), east, true) === undefined).toBe(allowed)
  })

  it('knows home by its URL only where it is home', () => {
    const byServer = testSpec('a', { project: 'shop', destination: { server: east.server, namespace: 'a' } })
    expect(projectVerdict(byServer, [map], shop([{ server: home, namespace: 'a' }]), east, false)?.code).toBe('PROJECT_DENIED')
    expect(projectVerdict(byServer, [map], shop([{ server: home, namespace: 'a' }]), east, true)).toBeUndefined()
  })

  it('judges by what the declaration says while the cluster has not joined', () => {
    const byName = testSpec('a', { project: 'shop', destination: { name: 'north', namespace: 'a' } })
    expect(projectVerdict(byName, [map], shop([{ name: 'north', namespace: 'a' }]), undefined, false)).toBeUndefined()
  })

  it('names the first refusals and counts the rest', () => {
    const objects = ['a', 'b', 'c', 'd', 'e'].map(role)
    const error = projectVerdict(spec, objects, shop([{ server: home, namespace: '*' }], { clusterResourceWhitelist: [] }), east, true)
    expect(error?.message.match(/ClusterRole/g)).toHaveLength(3)
    expect(error?.message).toContain('and 2 more')
    expect(error?.where).toMatchObject({ application: 'a', file: 'apps/a.yaml', line: 1 })
  })

  it('refuses a source that the project does not list', () => {
    const error = projectVerdict(
      spec,
      [],
      testProject('shop', { sourceRepos: ['https://other.example.com/*'], destinations: [{ server: '*', namespace: '*' }] }),
      east,
      true,
    )
    expect(error?.message).toContain(testRepository)
  })
})
