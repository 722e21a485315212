import { AccessDenied } from '@fairlead/events'
import type { EventContext } from '@fairlead/ledger'
import { z } from 'zod'
import { readRawLog } from '../log/read-log.ts'
import { column, list } from '../report/columns.ts'
import { defineReport, type ReportInput } from '../report/report.ts'
import { standingOf } from './assess.ts'
import type { KnownPrincipal } from './source.ts'

const Access = z.object({
  principal: z.string(),
  kind: z.enum(['user', 'service']),
  /** `access`: known now. `log-only`: acted up to then and is not known now, so what it was allowed to is not known either. */
  source: z.enum(['access', 'log-only']),
  standing: z.enum(['active', 'expired', 'not-known']),
  role: z.string().nullable(),
  projects: z.array(z.string()),
  actions: z.array(z.string()),
  createdAt: z.string().nullable(),
  expiresAt: z.string().nullable(),
  /** Events that it caused, itself or as the one acted for, up to the as-of position. */
  acts: z.int(),
  lastActedAt: z.string().nullable(),
  lastActedPosition: z.int().nullable(),
  /** Attempts that were refused. */
  denials: z.int(),
})
type Access = z.infer<typeof Access>

interface Activity {
  readonly kind: 'user' | 'service'
  acts: number
  lastMs: number
  lastPosition: number
  denials: number
}

/** Who could do what at the as-of time, and who used it. */
export const access = defineReport<Access>({
  kind: 'access',
  title: 'Access review',
  about: 'Accounts that could view, deploy, confirm and administer at the as-of time, with what each did up to then.',
  version: 1,
  scope: 'fleet',
  origin: ({ access }) =>
    access
      ? {
          state: 'log-and-now',
          note: 'tokens are known as they are now: those made later are left out, those revoked since are missing unless they acted (log-only); what accounts did is folded from the log',
        }
      : { state: 'log-and-now', note: 'nothing told who may do what; only accounts that acted are known, from the log' },
  row: Access,
  columns: [
    column('principal', '', (row) => row.principal),
    column('kind', 'user or service', (row) => row.kind),
    column('source', 'access: known now; log-only: acted, not known now', (row) => row.source),
    column('standing', 'active, expired or not-known at the as-of time', (row) => row.standing),
    column('role', '', (row) => row.role),
    column('projects', '* is every project', (row) => list(row.projects)),
    column('actions', 'what the role allows', (row) => list(row.actions)),
    column('created_at', '', (row) => row.createdAt),
    column('expires_at', '', (row) => row.expiresAt),
    column('acts', 'events that it caused', (row) => row.acts),
    column('last_acted_at', '', (row) => row.lastActedAt),
    column('last_acted_position', '', (row) => row.lastActedPosition),
    column('denials', 'attempts that were refused', (row) => row.denials),
  ],
  subject: (row) => ({
    subject: row.principal,
    time: row.lastActedAt,
    text: `${row.principal}: ${row.role ?? 'role not known'}, ${row.standing}`,
  }),
  against: (row) => (row.source === 'log-only' ? `what ${row.principal} was allowed to is not known` : undefined),
  async *rows(input) {
    const known = (await input.sources.access?.principals()) ?? []
    const activity = await activityOf(input)
    const at = input.query.asOf.recordedAt
    const rows = known.filter((one) => standingOf(one, at) !== 'not-yet').map((one) => knownRow(one, at, activity.get(one.name)))
    const names = new Set(known.map(({ name }) => name))
    for (const [name, acted] of activity) if (!names.has(name)) rows.push(unknownRow(name, acted))
    yield* rows.sort((a, b) => compare(a.principal, b.principal) || compare(a.createdAt ?? '', b.createdAt ?? ''))
  },
})

/** What accounts of people and machines did: reads every event, keeps one entry for each account. */
async function activityOf({ log, query, signal }: ReportInput): Promise<Map<string, Activity>> {
  const found = new Map<string, Activity>()
  const of = (name: string, kind: Activity['kind']): Activity => {
    const entry = found.get(name) ?? { kind, acts: 0, lastMs: 0, lastPosition: 0, denials: 0 }
    found.set(name, entry)
    return entry
  }
  let text = ''
  let names: readonly [string, Activity['kind']][] = []
  for await (const page of readRawLog(log, { to: query.asOf.position }, signal)) {
    for (const event of page) {
      if (event.type === AccessDenied.type) {
        const { principal, times } = JSON.parse(event.data) as { principal: string; times: number }
        of(principal, 'user').denials += times
        continue
      }
      if (event.context !== text) {
        text = event.context
        names = accountsOf(JSON.parse(text) as EventContext)
      }
      for (const [name, kind] of names) {
        const entry = of(name, kind)
        entry.acts++
        entry.lastMs = event.recordedMs
        entry.lastPosition = event.position
      }
    }
  }
  return found
}

/** Fairlead's own processes and agents are no accounts: nobody can take their roles. */
function accountsOf({ actor }: EventContext): [string, Activity['kind']][] {
  const accounts: [string, Activity['kind']][] = []
  if ((actor.kind === 'user' || actor.kind === 'service') && actor.authenticatedBy !== 'process') accounts.push([actor.name, actor.kind])
  if (actor.onBehalfOf !== undefined) accounts.push([actor.onBehalfOf, 'user'])
  return accounts
}

function knownRow(known: KnownPrincipal, at: string, acted: Activity | undefined): Access {
  const { name: principal, kind, role, projects, actions, createdAt, expiresAt } = known
  const standing = standingOf(known, at) === 'expired' ? 'expired' : 'active'
  const may = { role, projects: [...projects], actions: [...actions], createdAt, expiresAt }
  return { principal, kind, source: 'access', standing, ...may, ...actedFields(acted) }
}

function unknownRow(principal: string, acted: Activity): Access {
  const may = { role: null, projects: [], actions: [], createdAt: null, expiresAt: null }
  return { principal, kind: acted.kind, source: 'log-only', standing: 'not-known', ...may, ...actedFields(acted) }
}

function actedFields(acted: Activity | undefined): Pick<Access, 'acts' | 'lastActedAt' | 'lastActedPosition' | 'denials'> {
  if (!acted || acted.acts === 0) return { acts: 0, lastActedAt: null, lastActedPosition: null, denials: acted?.denials ?? 0 }
  return {
    acts: acted.acts,
    lastActedAt: new Date(acted.lastMs).toISOString(),
    lastActedPosition: acted.lastPosition,
    denials: acted.denials,
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
