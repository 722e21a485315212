import type { ClusterId } from '@fairlead/manifests'
import { describe, expect, it } from 'vitest'
import { type JoinedCluster, resolveCluster } from './destination.ts'

const joined = (id: string): JoinedCluster => ({ id: id as ClusterId, server: `https://${id}.example.com:6443/`, labels: {} })
const clusters = [joined('east'), joined('west')]
const home = 'https://kubernetes.default.svc'

describe('resolveCluster', () => {
  it.each([
    ['by name', { name: 'west' }, undefined, 'west'],
    ['by a name that has not joined', { name: 'north' }, undefined, null],
    ['by URL, whatever its slashes', { server: 'https://west.example.com:6443' }, undefined, 'west'],
    ['by a URL that nobody has', { server: 'https://north.example.com' }, undefined, null],
    ['home is the first that joined', { server: home }, undefined, 'east'],
    ['home with a slash', { server: `${home}/` }, undefined, 'east'],
    ['home is what the fleet says', { server: home }, 'west', 'west'],
    ['home that has not joined', { server: home }, 'north', null],
    ['in-cluster is home', { name: 'in-cluster' }, 'west', 'west'],
    ['nothing is home', {}, undefined, 'east'],
    ['a name wins over a URL', { name: 'west', server: home }, undefined, 'west'],
  ])('%s', (_, destination, homeCluster, expected) => {
    expect(resolveCluster({ namespace: '', ...destination }, clusters, homeCluster)).toBe(expected)
  })

  it('finds nothing while nobody has joined', () => {
    expect(resolveCluster({ namespace: '', server: home }, [], undefined)).toBeNull()
  })
})
