import type { ClusterId } from '@fairlead/manifests'
import { defaultSyncLimits } from '@fairlead/sync'
import { expect, test } from 'vitest'
import { briefOf, inputOf } from './operations.ts'
import { application, digest, running, synced } from './testing.ts'

const before = { succeeded: 0, failed: 0, terminated: 0 }

test('an operation stays on its cluster when the application moves meanwhile', () => {
  const moved = application('a', { cluster: 'west' as ClusterId, synced: synced(1), operation: running() })
  expect(briefOf('sync/1', [moved])).toMatchObject({ applications: [{ cluster: 'east', previous: digest(1) }] })
  expect(inputOf('sync/1', [moved], digest(9), 1, before, defaultSyncLimits).applications).toMatchObject([{ cluster: 'east' }])
  const nowhere = { ...moved, cluster: null }
  expect(inputOf('sync/1', [nowhere], digest(9), 1, before, defaultSyncLimits).applications).toMatchObject([{ cluster: 'east' }])
})

test('what another cluster was given is not what this one has', () => {
  const moved = application('a', { cluster: 'west' as ClusterId, synced: synced(1), operation: running({ cluster: 'west' }) })
  expect(briefOf('sync/1', [moved])).toMatchObject({ applications: [{ cluster: 'west', previous: null }] })
})
