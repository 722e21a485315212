import { applicationStream, type NewEvent, OperationStarted, operationStream } from '@fairlead/events'
import type { Actor } from '@fairlead/ledger'
import type { ApplicationId, ClusterId, Digest } from '@fairlead/manifests'
import { type AuditOptions, openAudit } from '../audit.ts'
import type { EvidencedChange } from '../change/changes.ts'
import { findChange } from '../change/place.ts'
import { resolveQuery } from '../export/place.ts'
import { MemoryLog } from './memory-log.ts'

/** The people and things of the tests that tell a story event by event. */
export const application = 'checkout' as ApplicationId
export const cluster = 'east' as ClusterId
export const operation = 'sync/1'
export const digest = (letter: string): Digest => letter.repeat(64) as Digest
export const revision = (commit: string, subject = '') => ({ commit: commit.repeat(40), sources: [], subject })

export const user = (name: string): Actor => ({ kind: 'user', name, authenticatedBy: 'token' })
export const worker: Actor = { kind: 'system', name: 'worker', authenticatedBy: 'process' }
export const agent: Actor = { kind: 'agent', name: cluster, authenticatedBy: 'nats-credential' }

export const auditor = { name: 'ina', kind: 'user', role: 'viewer', projects: ['*'], authenticatedBy: 'token' } as const

/** A log in memory in which each event comes a minute after the one before, and an audit of it. */
export class Scene {
  readonly log = new MemoryLog()
  readonly #options: Partial<AuditOptions>

  constructor(options: Partial<AuditOptions> = {}) {
    this.#options = options
  }

  /** Appends one event to the application's stream; returns its position. */
  async on(event: NewEvent, actor: Actor = worker, reason?: string): Promise<number> {
    return this.to(applicationStream(application), event, actor, reason)
  }

  async to(stream: string, event: NewEvent, actor: Actor = worker, reason?: string): Promise<number> {
    this.log.nowMs += 60_000
    const context = { actor, correlation: operation, ...(reason !== undefined && { reason }) }
    await this.log.append({ streams: [{ stream, expected: 'any', events: [event] }], context })
    return this.log.events.length
  }

  async announce(name = operation, applications = [application]): Promise<void> {
    await this.to(operationStream(name), OperationStarted.of({ operation: name, kind: 'sync', cause: 'request', applications }))
  }

  audit() {
    return openAudit({ log: this.log, sources: { review: { withinMs: 48 * 3_600_000 } }, generator: 'fairlead test', ...this.#options })
  }

  /** One change with the positions of its events. */
  async evidence(change: string): Promise<EvidencedChange> {
    const query = await resolveQuery(this.log, { projects: undefined, change })
    return findChange({ log: this.log, query, sources: { review: { withinMs: 0 } }, signal: undefined })
  }

  /** All rows of a report, as of a position or the end. */
  async rows<Row>(kind: string, at = this.log.events.length): Promise<Row[]> {
    const { rows } = await this.audit().page(auditor, { kind, first: 1_000, at: { position: at } })
    return rows as Row[]
  }
}
