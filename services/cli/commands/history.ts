import { FairleadError } from '@fairlead/errors'
import type { Command } from 'commander'
import { printListing } from '../output/print.ts'
import type { Column } from '../output/table.ts'
import { age, formatDuration, parseAt } from '../output/time.ts'
import { short, shownRef } from '../output/words.ts'
import { type Context, nameOf, type OutputOptions, withOutput } from './context.ts'
import { type ErrorRow, partFields, type RefRow } from './queries.ts'

interface PartRow {
  readonly id: string
  readonly kind: string
  readonly cause: string
  readonly actor: { readonly name: string }
  readonly reason: string | null
  readonly startedAt: string
  readonly tookMs: number | null
  readonly outcome: string | null
  readonly dryRun: boolean
  readonly full: boolean
  readonly bundle: string
  readonly revision: { readonly commit: string; readonly subject: string }
  readonly error: ErrorRow | null
  readonly steps: readonly { readonly results: readonly { readonly action: string }[] }[]
}

interface DriftRow {
  readonly detectedAt: string
  readonly how: string | null
  readonly tookMs: number | null
  readonly resources: readonly { readonly ref: RefRow; readonly fields: readonly string[] }[]
}

const query = `query History($id: String!, $at: At, $first: Int!) { application(id: $id, at: $at) {
  operations(first: $first) { nodes { ${partFields} } totalCount }
  drifts(first: $first) { detectedAt how tookMs resources { ref { group kind namespace name } fields } } } }`

/** A line of the history: an operation, or a drift interval. */
interface Line {
  readonly at: string
  readonly what: string
  readonly revision: string
  readonly outcome: string
  readonly took: string
  readonly who: string
  readonly why: string
  readonly changed: string
  readonly raw: unknown
}

/** `fairlead history app/NAME`: operations and drift, newest first. */
export function addHistory(program: Command, context: Context): void {
  withOutput(program.command('history').alias('hist'))
    .description('what was done to an application, by whom and why, and where it drifted')
    .argument('<app>', 'app/checkout')
    .option('--at <when>', 'as it was known then')
    .option('--limit <n>', 'at most this many of each', Number, 20)
    .action(async (target: string, options: OutputOptions & { at?: string; limit: number }) => {
      const id = nameOf(target)
      interface Answer {
        readonly application: { readonly operations: { readonly nodes: readonly PartRow[] }; readonly drifts: readonly DriftRow[] } | null
      }
      const { application } = await context.hub().ask<Answer>(query, { id, at: parseAt(options.at), first: options.limit }, context.signal)
      if (!application) throw new FairleadError('APPLICATION_NOT_FOUND', `there is no application ${id}`)
      const lines = [...application.operations.nodes.map(operationLine), ...application.drifts.map(driftLine)]
      const rows = lines.sort((a, b) => (a.at < b.at ? 1 : -1))
      const json = options.output === 'json' || options.output === 'yaml' || options.output === 'ndjson'
      if (json) {
        await printListing(
          context.terminal,
          { rows: rows.map((row) => row.raw), columns: [], name: () => id },
          options.output,
          options.headers,
        )
        return
      }
      await printListing(context.terminal, { rows, columns, name: (row) => row.what }, options.output, options.headers)
    })
}

const columns: Column<Line>[] = [
  { title: 'WHEN', cell: (row) => `${age(row.at)} ago` },
  { title: 'WHAT', cell: (row) => row.what },
  { title: 'REVISION', cell: (row) => row.revision },
  { title: 'OUTCOME', cell: (row) => row.outcome },
  { title: 'TOOK', cell: (row) => row.took },
  { title: 'CHANGED', cell: (row) => row.changed },
  { title: 'WHO', cell: (row) => row.who },
  { title: 'WHY', cell: (row) => row.why },
  { title: 'AT', cell: (row) => row.at, wide: true },
]

function operationLine(part: PartRow): Line {
  const counts = new Map<string, number>()
  for (const { action } of part.steps.flatMap((step) => step.results)) {
    if (action !== 'none' && action !== 'unchanged') counts.set(action, (counts.get(action) ?? 0) + 1)
  }
  const marks = [part.dryRun ? 'dry run' : '', part.full || part.dryRun ? '' : 'partial'].filter((mark) => mark !== '').join(', ')
  return {
    at: part.startedAt,
    what: `${part.id}${part.kind === 'sync' ? '' : ` ${part.kind}`}${marks ? ` (${marks})` : ''}`,
    revision: `${short(part.revision.commit)} ${part.revision.subject}`.trim(),
    outcome: part.outcome === null ? 'Running' : part.error ? `${part.outcome} ${part.error.code}` : part.outcome,
    took: part.tookMs === null ? '-' : formatDuration(part.tookMs),
    changed: [...counts].map(([action, count]) => `${count} ${action}`).join(', ') || '-',
    who: part.actor.name,
    why: part.reason ?? part.cause,
    raw: part,
  }
}

function driftLine(drift: DriftRow): Line {
  const objects = drift.resources.map(({ ref, fields }) => [shownRef(ref), ...fields].join(' '))
  return {
    at: drift.detectedAt,
    what: 'drift',
    revision: '-',
    outcome: drift.how ?? 'open',
    took: drift.tookMs === null ? '-' : formatDuration(drift.tookMs),
    changed: objects.join('; '),
    who: 'outside',
    why: '-',
    raw: { drift },
  }
}
