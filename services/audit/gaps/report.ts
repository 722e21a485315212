import {
  ClusterConnected,
  ClusterDisconnected,
  ClusterReportRefused,
  ClusterRevoked,
  HubStarted,
  RepositoryFailed,
  RepositoryRecovered,
} from '@fairlead/events'
import { z } from 'zod'
import { fromLog } from '../change/place.ts'
import { type LogEvent, readLog } from '../log/read-log.ts'
import { column } from '../report/columns.ts'
import { defineReport, type ReportInput } from '../report/report.ts'

const Gap = z.object({
  /** What could not be seen or was not believed. */
  kind: z.enum(['agent-silent', 'agent-revoked', 'report-refused', 'repository-unread', 'hub-restarted']),
  /** Cluster, repository, or `hub`. */
  subject: z.string(),
  /** Last sign of life before. For `hub-restarted`: the last event before. */
  from: z.string(),
  /** Null while it lasts. */
  to: z.string().nullable(),
  /** To its end, or to the as-of time. */
  durationMs: z.int(),
  detail: z.string(),
  firstPosition: z.int(),
  lastPosition: z.int().nullable(),
})
type Gap = z.infer<typeof Gap>

type Open = Omit<Gap, 'to' | 'durationMs' | 'lastPosition'>

const types = [
  ClusterConnected,
  ClusterDisconnected,
  ClusterRevoked,
  ClusterReportRefused,
  RepositoryFailed,
  RepositoryRecovered,
  HubStarted,
].map(({ type }) => type)

/** When a control could not see, or was not believed (PCI DSS 10.7, SOC 2 CC7.2). */
export const gaps = defineReport<Gap>({
  kind: 'gaps',
  title: 'Gaps in what was observed',
  about:
    'Times in which an agent was silent, a repository could not be read, a report was refused, or the hub began again. The log itself cannot be paused: positions have no gaps, and the integrity certificate shows it.',
  version: 1,
  scope: 'fleet',
  origin: fromLog,
  row: Gap,
  columns: [
    column('gap', 'agent-silent, agent-revoked, report-refused, repository-unread or hub-restarted', (row) => row.kind),
    column('subject', 'cluster, repository or hub', (row) => row.subject),
    column('from', 'last sign of life before', (row) => row.from),
    column('to', 'empty while it lasts', (row) => row.to),
    column('duration_ms', '', (row) => row.durationMs),
    column('detail', '', (row) => row.detail),
    column('first_position', '', (row) => row.firstPosition),
    column('last_position', '', (row) => row.lastPosition),
  ],
  subject: (row) => ({ subject: `${row.kind}/${row.subject}`, time: row.from, text: `${row.kind} ${row.subject}: ${row.durationMs} ms` }),
  against: (row) =>
    row.to === null && (row.kind === 'agent-silent' || row.kind === 'repository-unread')
      ? `${row.subject} is not seen since ${row.from}`
      : undefined,
  rows: gapsOf,
})

/** Gaps that began in the period, in the order in which they ended; then those that last, in the order in which they began. */
async function* gapsOf({ log, query, signal }: ReportInput): AsyncGenerator<Gap> {
  const { from, to, asOf } = query
  const open = new Map<string, Open>()
  const close = (key: string, event: LogEvent): Gap[] => {
    const gap = open.get(key)
    open.delete(key)
    return gap && gap.firstPosition >= from && gap.firstPosition <= to ? [ended(gap, event.recordedAt, event.position)] : []
  }
  for await (const page of readLog(log, { to: asOf.position, types }, signal)) {
    for (const event of page) {
      const key = subjectOf(event)
      if (ClusterConnected.is(event) || RepositoryRecovered.is(event)) yield* close(key, event)
      else if (ClusterRevoked.is(event)) {
        yield* close(key, event)
        yield* inPeriod(query, momentary('agent-revoked', event.data.cluster, event, 'its credential was taken back'))
      } else if (ClusterReportRefused.is(event)) {
        const { cluster, applications, error } = event.data
        yield* inPeriod(query, momentary('report-refused', cluster, event, `${error.message} (${applications.length} applications)`))
      } else if (HubStarted.is(event)) {
        if (event.data.epoch === 1) continue // the first start
        const since = await timeBefore(log, event)
        const gap = { ...momentary('hub-restarted', 'hub', event, `epoch ${event.data.epoch}, ${event.data.version}`), from: since }
        yield* inPeriod(query, { ...gap, durationMs: between(since, event.recordedAt) })
      } else if (!open.has(key)) {
        const opened = openedBy(event)
        if (opened) open.set(key, opened)
      }
    }
  }
  const lasting = [...open.values()].filter(({ firstPosition }) => firstPosition >= from && firstPosition <= to)
  for (const gap of lasting.sort((a, b) => a.firstPosition - b.firstPosition)) {
    yield { ...ended(gap, asOf.recordedAt, 0), to: null, lastPosition: null }
  }
}

function openedBy(event: LogEvent): Open | undefined {
  const firstPosition = event.position
  if (ClusterDisconnected.is(event)) {
    const { cluster: subject, lastSeenAt: from } = event.data
    return { kind: 'agent-silent', subject, from, detail: `noticed at ${event.recordedAt}`, firstPosition }
  }
  if (RepositoryFailed.is(event)) {
    const { repository: subject, error } = event.data
    return { kind: 'repository-unread', subject, from: event.recordedAt, detail: `${error.code}: ${error.message}`, firstPosition }
  }
  return undefined
}

/** What the event opens or closes a gap of. */
function subjectOf({ data }: LogEvent): string {
  const { cluster, repository } = data as { cluster?: string; repository?: string }
  return cluster === undefined ? `repository ${repository}` : `cluster ${cluster}`
}

function ended(gap: Open, to: string, lastPosition: number): Gap {
  const { kind, subject, from, detail, firstPosition } = gap
  return { kind, subject, from, to, durationMs: between(from, to), detail, firstPosition, lastPosition }
}

function momentary(kind: Gap['kind'], subject: string, { recordedAt, position }: LogEvent, detail: string): Gap {
  return { kind, subject, from: recordedAt, to: recordedAt, durationMs: 0, detail, firstPosition: position, lastPosition: position }
}

function inPeriod({ from, to }: ReportInput['query'], gap: Gap): Gap[] {
  return gap.firstPosition >= from && gap.firstPosition <= to ? [gap] : []
}

/** When the event before was recorded: the hub wrote nothing from then on. */
async function timeBefore(log: ReportInput['log'], event: LogEvent): Promise<string> {
  const [before] = event.position > 1 ? await log.readRaw({ from: event.position - 2, to: event.position - 1, limit: 1 }) : []
  return before ? new Date(before.recordedMs).toISOString() : event.recordedAt
}

const between = (from: string, to: string): number => Math.max(0, Date.parse(to) - Date.parse(from))
