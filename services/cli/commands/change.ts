import { randomUUID } from 'node:crypto'
import { type ErrorCode, errorCodes, FairleadError } from '@fairlead/errors'
import type { Command } from 'commander'
import { parseDuration } from '../output/time.ts'
import { type Context, collect, nameOf } from './context.ts'
import { waitForRequests } from './follow.ts'

interface ChangePayload {
  readonly requests: readonly { readonly application: string; readonly request: string }[]
  readonly position: string | null
  readonly userErrors: readonly {
    readonly path: readonly string[]
    readonly code: string
    readonly message: string
    readonly next: string
  }[]
}

interface ChangeOptions {
  readonly reason?: string
  readonly wait?: boolean
  readonly timeout: string
}

interface SyncOptions extends ChangeOptions {
  readonly revision?: string
  readonly prune: boolean
  readonly dryRun: boolean
  readonly force: boolean
  readonly resource?: string[]
  readonly selector?: string[]
}

/** The commands that change something: sync, refresh, rollback, terminate, confirm. */
export function addChanges(program: Command, context: Context): void {
  withReason(program.command('sync'))
    .description('make an application what Git says')
    .argument('[app...]', 'app/checkout …')
    .option('-l, --selector <key=value>', 'every application with this label (repeatable)', collect)
    .option('--revision <rev>', 'a branch, tag or commit instead of the declared one')
    .option('--prune', 'delete what is no longer in Git', false)
    .option('--dry-run', 'ask the API server, change nothing', false)
    .option('--force', 'replace what cannot be changed in place', false)
    .option('--resource <group:kind:name>', 'only this object (repeatable)', collect)
    .action(async (names: string[], options: SyncOptions) => {
      const applications = await targets(context, names, options.selector)
      const input = {
        applications,
        prune: options.prune,
        dryRun: options.dryRun,
        force: options.force,
        ...(options.revision && { revision: options.revision }),
        ...(options.resource && { resources: options.resource.map(parseResource) }),
      }
      await change(context, 'sync', 'SyncInput', input, options)
    })
  withReason(program.command('refresh'))
    .description('look at Git and at the cluster again')
    .argument('<app...>', 'app/checkout …')
    .option('--hard', 'render again even when nothing changed', false)
    .action(async (names: string[], options: ChangeOptions & { hard: boolean }) => {
      await change(
        context,
        'refresh',
        'RefreshInput',
        { applications: names.map((name) => nameOf(name)), hard: options.hard },
        { ...options, wait: false },
      )
    })
  withReason(program.command('rollback'))
    .description('go back to what an earlier operation synced')
    .argument('<app>', 'app/checkout')
    .requiredOption('--to <operation|bundle>', 'from fairlead history')
    .option('--prune', 'delete what was not there then', false)
    .option('--dry-run', 'ask the API server, change nothing', false)
    .action(async (name: string, options: ChangeOptions & { to: string; prune: boolean; dryRun: boolean }) => {
      const { to, prune, dryRun } = options
      await change(context, 'rollback', 'RollbackInput', { application: nameOf(name), to, prune, dryRun }, options)
    })
  for (const [verb, description] of [
    ['terminate', 'stop the running operation of an application'],
    ['confirm', 'let an operation delete what it waits to delete'],
  ] as const) {
    withReason(program.command(verb))
      .description(description)
      .argument('<app>', 'app/checkout')
      .action(async (name: string, options: ChangeOptions) => {
        await change(context, verb, 'OperationInput', { application: nameOf(name) }, { ...options, wait: false })
      })
  }
}

function withReason(command: Command): Command {
  return command
    .option('--reason <text>', 'why; kept in the log')
    .option('--wait', 'until it is done', false)
    .option('--timeout <duration>', 'for --wait', '10m')
}

async function change(
  context: Context,
  mutation: string,
  inputType: string,
  input: Record<string, unknown>,
  options: ChangeOptions,
): Promise<void> {
  const document = `mutation Change($input: ${inputType}!) { ${mutation}(input: $input) {
    requests { application request } position userErrors { path code message next } } }`
  const full = { ...input, idempotencyKey: randomUUID(), ...(options.reason && { reason: options.reason }) }
  const answer = await context.hub().ask<Record<string, ChangePayload>>(document, { input: full }, context.signal)
  const { requests, userErrors } = answer[mutation] as ChangePayload
  for (const error of userErrors)
    context.terminal.err(`✗ ${error.path.join('.')}: ${error.message}  ${error.code}\n  next:  ${error.next}\n`)
  for (const { application, request } of requests) context.terminal.out(`application/${application} ${mutation} accepted as ${request}\n`)
  if (userErrors.length > 0) {
    const first = userErrors[0] as ChangePayload['userErrors'][number]
    context.exit(requests.length > 0 ? 8 : exitOf(first.code))
  }
  if (!options.wait || requests.length === 0) {
    if (requests.length > 0 && !options.wait) context.terminal.err(`follow it: fairlead events -w --app ${requests[0]?.application}\n`)
    return
  }
  await waitForRequests(context, requests, parseDuration(options.timeout))
}

async function targets(context: Context, names: readonly string[], selector: readonly string[] | undefined): Promise<string[]> {
  if (!selector) {
    if (names.length === 0) throw new FairleadError('BAD_USER_INPUT', 'no application is named', { next: 'name one, or select with -l' })
    return names.map((name) => nameOf(name))
  }
  const query = 'query Select($filter: ApplicationFilter) { applications(filter: $filter, first: 100) { nodes { name } } }'
  const answer = await context
    .hub()
    .ask<{ applications: { nodes: { name: string }[] } }>(query, { filter: { labels: selector } }, context.signal)
  const found = answer.applications.nodes.map((row) => row.name)
  if (found.length === 0) throw new FairleadError('APPLICATION_NOT_FOUND', `no application has the label ${selector.join(',')}`)
  return found
}

/** `apps:Deployment:checkout`, `apps:Deployment:shop/checkout`, `:ConfigMap:settings` (Argo CD: `--resource`). */
export function parseResource(text: string): { group: string; kind: string; name: string; namespace?: string } {
  const [group, kind, rest, ...more] = text.split(':')
  if (group === undefined || !kind || !rest || more.length > 0) {
    throw new FairleadError('BAD_USER_INPUT', `${JSON.stringify(text)} names no object`, {
      next: 'write it as GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME',
    })
  }
  const slash = rest.indexOf('/')
  return slash < 0 ? { group, kind, name: rest } : { group, kind, namespace: rest.slice(0, slash), name: rest.slice(slash + 1) }
}

function exitOf(code: string): number {
  return code in errorCodes ? errorCodes[code as ErrorCode].exit : 2
}
