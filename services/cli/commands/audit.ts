import { writeFileSync } from 'node:fs'
import { FairleadError } from '@fairlead/errors'
import { checkHead, followHandovers, formatHeadKeys, parseHeadKeys, readManifest } from '@fairlead/messages'
import { type Command, Option } from 'commander'
import { type Checked, checkFile, manifestName } from '../audit/check.ts'
import { printBody, saveBody } from '../audit/download.ts'
import { readHeads } from '../audit/heads.ts'
import { readKeys } from '../audit/keys.ts'
import { printListing, printObject } from '../output/print.ts'
import { paint } from '../output/table.ts'
import { parseAt } from '../output/time.ts'
import { addPersons } from './audit-persons.ts'
import { type Context, collect, type OutputOptions, withOutput } from './context.ts'

const extensions = { csv: 'csv', jsonl: 'jsonl', cloudevents: 'cloudevents.json', oscal: 'oscal.json', zip: 'zip' } as const

interface ExportOptions {
  readonly output?: keyof typeof extensions
  readonly from?: string
  readonly to?: string
  readonly at?: string
  readonly change?: string
  readonly out?: string
  readonly verify: boolean
}

/** `fairlead audit …`: what auditors get from the log, and how they check it. */
export function addAudit(program: Command, context: Context): void {
  const audit = program.command('audit').description('what auditors get from the log, and how they check it')
  addList(audit, context)
  addExport(audit, context)
  addVerify(audit, context)
  addProve(audit, context)
  addCheck(audit, context)
  addKeys(audit, context)
  addReview(audit, context)
  addPersons(audit, context)
}

function addList(audit: Command, context: Context): void {
  interface ReportRow {
    readonly report: string
    readonly about: string
    readonly controls: readonly string[]
  }
  withOutput(audit.command('list'))
    .description('the reports there are')
    .action(async (options: OutputOptions) => {
      const { reports } = (await (await context.hub().get('/audit', undefined, context.signal)).json()) as { reports: ReportRow[] }
      const columns = [
        { title: 'REPORT', cell: (row: ReportRow) => row.report },
        { title: 'ABOUT', cell: (row: ReportRow) => row.about },
        { title: 'CONTROLS', cell: (row: ReportRow) => row.controls.join(', '), wide: true },
      ]
      await printListing(
        context.terminal,
        { rows: reports, columns, name: (row) => `report/${row.report}` },
        options.output,
        options.headers,
      )
    })
}

function addExport(audit: Command, context: Context): void {
  audit
    .command('export')
    .description('a report as a file, with its manifest beside it')
    .argument('<report>', 'register, change, sod, emergency, out-of-band, access, policy, drills, integrity or gaps')
    .addOption(new Option('-o, --output <format>', 'csv unless it is one change: then zip').choices(Object.keys(extensions)))
    .option('--from <when>', 'what began at or after then: a position, an instant or how long ago')
    .option('--to <when>', 'and at or before then')
    .option('--at <when>', 'as it was known then')
    .option('--change <id>', 'this change only, by its change_id')
    .option('--out <file>', 'into this file and FILE.manifest.json; without it to standard output')
    .option('--no-verify', 'do not recompute the log')
    .action(async (report: string, options: ExportOptions) => {
      const format = options.output ?? (report === 'change' ? 'zip' : 'csv')
      if (format === 'zip' && options.out === undefined)
        throw new FairleadError('BAD_USER_INPUT', 'a zip goes into a file', { next: 'add --out FILE' })
      const response = await context
        .hub()
        .get(`/audit/${encodeURIComponent(report)}.${extensions[format]}${queryOf(options)}`, undefined, context.signal)
      const digest = options.out === undefined ? await printBody(response, context.terminal) : await saveBody(response, options.out)
      const reading = response.headers.get('x-fairlead-reading') ?? ''
      const answer = await context.hub().get(`/audit/readings/${reading}.manifest.json`, undefined, context.signal)
      const document: unknown = await answer.json()
      const manifest = readManifest(document)
      if (manifest.file.sha256 !== digest.sha256) {
        throw new FairleadError('INTERNAL', 'what arrived is not what the hub recorded', { next: 'export again' })
      }
      if (options.out !== undefined) writeFileSync(manifestName(options.out), `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 })
      const { completeness, verification, file, asOf } = manifest
      const flaws = [
        ...(completeness && !completeness.holds
          ? [`not complete: the log holds ${completeness.changes} changes and ${completeness.outOfBand} out-of-band changes`]
          : []),
        ...(verification && !verification.ok ? [`the log was changed: ${verification.finding?.message}`] : []),
      ]
      const counted = completeness?.holds
        ? ` = ${completeness.changes} ${completeness.changes === 1 ? 'change' : 'changes'} + ${completeness.outOfBand} out of band`
        : ''
      const verified = verification?.ok ? `, ${verification.events} events verified` : ''
      context.terminal.err(
        `${report}: ${file.rows} ${file.rows === 1 ? 'row' : 'rows'}${counted} as of position ${asOf.position}${verified}, SHA-256 ${file.sha256}\n`,
      )
      for (const flaw of flaws) context.terminal.err(`${paint('✗', 'red', context.terminal.errColour)} ${flaw}\n`)
      if (flaws.length > 0) context.exit(1)
    })
}

function queryOf({ from, to, at, change, verify }: ExportOptions): string {
  const query = new URLSearchParams()
  for (const [name, text] of Object.entries({ from, to, at })) {
    const place = parseAt(text)
    if (place) query.set(name, 'position' in place ? place.position : place.time)
  }
  if (change !== undefined) query.set('change', change)
  if (!verify) query.set('verify', 'false')
  return query.size > 0 ? `?${query}` : ''
}

function addVerify(audit: Command, context: Context): void {
  withOutput(audit.command('verify'))
    .description('has the hub recompute its log, against heads that were published if you have them')
    .option('--from <position>', 'first position', positionOf)
    .option('--to <position>', 'last position', positionOf)
    .option('--checkpoint <path>', 'published heads: a file, or a clone of the repository they go to (repeatable)', collect)
    .option('--key <file>', 'public keys of which one must have signed each, PEM (repeatable)', collect)
    .action(async (options: OutputOptions & { from?: number; to?: number; checkpoint?: string[]; key?: string[] }) => {
      const { from, to, checkpoint, key = [] } = options
      const published = checkpoint === undefined ? undefined : readHeads(checkpoint)
      const checkpoints = published?.heads
      const keys = followHandovers(readKeys(key), checkpoints?.[0]?.log ?? '', published?.handovers ?? [])
      for (const head of keys.length > 0 && checkpoints ? checkpoints : []) {
        const refused = checkHead(head, keys)
        if (refused !== undefined) throw new FairleadError('LEDGER_TAMPERED', refused, { next: 'see who signed it; the hub was not asked' })
      }
      const body = {
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        ...(checkpoints && { checkpoints }),
        ...(key.length > 0 && { publicKeys: [formatHeadKeys(keys)] }),
      }
      const result = (await (await context.hub().get('/audit/verify', body, context.signal)).json()) as Verified
      if (!result.ok) context.exit(1)
      await printObject(context.terminal, result, options.output, () => told(result))
    })
}

interface Verified {
  readonly ok: boolean
  readonly from?: number
  readonly to?: number
  readonly events?: number
  readonly blocks?: number
  readonly checkpoints?: number
  readonly position?: number
  readonly problem?: string
  readonly message?: string
}

function told(result: Verified): string {
  if (!result.ok) return `✗ position ${result.position}: ${result.problem}: ${result.message}`
  const against = result.checkpoints
    ? `, ${result.checkpoints} published heads met`
    : ', no published head was met: a cut tail would not show'
  return `✔ positions ${result.from} to ${result.to}: ${result.events} events in ${result.blocks} blocks are what was recorded${against}`
}

function addProve(audit: Command, context: Context): void {
  audit
    .command('prove')
    .description('a small file that proves one event; it is checked with the public key alone')
    .argument('<position>', 'of the event', positionOf)
    .option('--out <file>', 'into this file; without it to standard output')
    .action(async (position: number, options: { out?: string }) => {
      const response = await context.hub().get(`/audit/proofs/${position}.json`, undefined, context.signal)
      if (options.out === undefined) await printBody(response, context.terminal)
      else await saveBody(response, options.out)
    })
}

function addCheck(audit: Command, context: Context): void {
  withOutput(audit.command('check'))
    .description('checks proofs and exported files with the public key alone; needs no hub')
    .argument('<file...>', 'a proof, or an exported file with its manifest beside it')
    .requiredOption('--key <file>', 'public keys of the log, PEM (repeatable)', collect)
    .action(async (files: string[], options: OutputOptions & { key: string[] }) => {
      const keys = readKeys(options.key)
      const rows: Checked[] = []
      for (const file of files) rows.push(await checkFile(file, keys))
      const columns = [
        { title: 'FILE', cell: (row: Checked) => row.file },
        { title: 'RESULT', cell: (row: Checked) => (row.ok ? '✔ holds' : '✗ broken') },
        { title: 'WHAT', cell: (row: Checked) => row.what },
      ]
      await printListing(context.terminal, { rows, columns, name: (row) => row.file }, options.output, options.headers)
      if (rows.some(({ ok }) => !ok)) context.exit(1)
    })
}

function addKeys(audit: Command, context: Context): void {
  audit
    .command('keys')
    .description('the public keys that sign the heads of the log, or did, for --key; compare them with what somebody you trust has')
    .option('--out <file>', 'into this file; without it to standard output')
    .action(async ({ out }: { out?: string }) => {
      const text = await (await context.hub().get('/audit/keys.pem', undefined, context.signal)).text()
      parseHeadKeys(text, 'what the hub sent')
      if (out === undefined) context.terminal.out(text)
      else writeFileSync(out, text)
    })
}

function addReview(audit: Command, context: Context): void {
  audit
    .command('review')
    .description('records that you have looked at a change after the fact')
    .argument('<change>', 'its change_id')
    .requiredOption('--reason <text>', 'what you found')
    .option('--reject', 'it was wrong', false)
    .action(async (change: string, options: { reason: string; reject: boolean }) => {
      const decision = options.reject ? 'rejected' : 'accepted'
      const body = { change, decision, reason: options.reason }
      const { position } = (await (await context.hub().get('/audit/reviews', body, context.signal)).json()) as { position: number }
      context.terminal.out(`change/${change} ${decision} at position ${position}\n`)
    })
}

function positionOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new FairleadError('BAD_USER_INPUT', `${JSON.stringify(text)} is no position`, { next: 'write a whole number from 1' })
}
