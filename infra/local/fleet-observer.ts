import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { HubClient } from '@fairlead/cli'
import { FairleadError, Redacted } from '@fairlead/errors'
import type { Access } from './supervisor/access.ts'
import type { FleetObserver } from './supervisor/fleet-observer.ts'

interface Row {
  readonly name: string
  readonly cluster: string | null
  readonly sync: string
  readonly health: string
  readonly healthMessage: string | null
  readonly renderError: { readonly code: string; readonly message: string } | null
  readonly lastOperation: {
    readonly outcome: string | null
    readonly error: { readonly code: string; readonly message: string } | null
  } | null
  readonly operation: { readonly waitingFor: string } | null
}

const fleetQuery = `{ applications(first: 100) { position nodes {
  name cluster sync health healthMessage renderError { code message } operation { waitingFor } lastOperation { outcome error { code message } } } } }`
const deltaSubscription = `subscription Delta($after: Position) { fleetDelta(after: $after) { __typename
  ... on RowUpserts { position } ... on RowRemovals { position } ... on ResyncRequired { position } ... on Heartbeat { position } } }`
const eventSubscription = `subscription Events($after: Position, $filter: EventFilter) { events(after: $after, filter: $filter) { position type summary } }`

/** What is worth a line in the foreground: not every wave and object, but everything that a person would tell another. */
const meaningful = [
  'repository.revision-observed',
  'repository.failed',
  'fleet.declaration-failed',
  'application.render-failed',
  'application.request-rejected',
  'application.confirmation-awaited',
  'application.operation-finished',
  'application.health-changed',
  'application.drift-detected',
  'application.drift-resolved',
  'application.removed',
  'cluster.joined',
  'cluster.disconnected',
  'cluster.connected',
]

/** Watches the demo fleet through the API, as a console would. */
export const fleetObserver: FleetObserver = {
  async untilHealthy(access, say, signal) {
    const client = clientOf(access)
    const well = new Set<string>()
    let rows: readonly Row[] = []
    const look = async () => {
      const { applications } = await client.ask<{ applications: { position: string; nodes: Row[] } }>(fleetQuery, {}, signal)
      rows = applications.nodes
      for (const row of rows) {
        if (isWell(row) && !well.has(row.name)) say(`${row.name} is Synced and Healthy on ${row.cluster ?? 'no cluster'}`)
        if (isWell(row)) well.add(row.name)
        else well.delete(row.name)
      }
      return applications.position
    }
    try {
      for (;;) {
        const after = await look()
        if (rows.length > 0 && rows.every(isWell)) return
        for await (const { fleetDelta } of client.follow<{ fleetDelta: { __typename: string } }>(deltaSubscription, { after }, signal)) {
          if (fleetDelta.__typename !== 'Heartbeat') break
        }
        signal.throwIfAborted()
      }
    } catch (error) {
      if (!signal.aborted) throw error
      const left = rows.filter((row) => !isWell(row)).map(shown)
      throw new FairleadError('TIMEOUT', `not every application is Healthy: ${left.join('; ') || 'none has been declared'}`, {
        next: 'look closer: npx fairlead get apps, npx fairlead describe app/NAME',
      })
    }
  },
  async follow(access, say, signal) {
    const client = clientOf(access)
    let after: string | undefined
    while (!signal.aborted) {
      try {
        after ??= (await client.ask<{ serverInfo: { position: string } }>('{ serverInfo { position } }', {}, signal)).serverInfo.position
        const variables = { after, filter: { type: meaningful } }
        for await (const { events } of client.follow<{ events: { position: string; summary: string } }>(
          eventSubscription,
          variables,
          signal,
        )) {
          after = events.position
          say(events.summary)
        }
      } catch (error) {
        // The hub is being restarted: the supervisor says so itself.
        if (!FairleadError.is(error) || error.code !== 'SERVER_UNREACHABLE') throw error
      }
      await pause(500, undefined, { signal }).catch(() => undefined)
    }
  },
}

function clientOf(access: Access): HubClient {
  return new HubClient({ url: access.url, token: new Redacted(readFileSync(access.tokenFile, 'utf8').trim()) })
}

const isWell = (row: Row) => row.sync === 'SYNCED' && row.health === 'HEALTHY'

function shown(row: Row): string {
  const error = row.renderError ?? row.lastOperation?.error
  const why = row.operation?.waitingFor ?? (error ? `${error.code}: ${error.message}` : (row.healthMessage ?? row.health))
  return `${row.name}: ${why}`
}
