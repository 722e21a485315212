import { readFileSync } from 'node:fs'
import { FairleadError } from '@fairlead/errors'
import type { Command } from 'commander'
import { printObject } from '../output/print.ts'
import { type Context, type OutputOptions, withOutput } from './context.ts'

/** `fairlead version` and `fairlead api -q '{…}'`. */
export function addServer(program: Command, context: Context): void {
  withOutput(program.command('version'))
    .description('of this command and of the hub')
    .action(async (options: OutputOptions) => {
      const client = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version
      const server = await context
        .hub()
        .ask<{ serverInfo: Record<string, unknown> }>('{ serverInfo { version epoch position lag } }', {}, context.signal)
        .then(({ serverInfo }) => serverInfo)
        .catch((error: unknown) => ({ error: FairleadError.from(error).code }))
      await printObject(context.terminal, { client, server }, options.output, () => `client ${client}\nserver ${JSON.stringify(server)}`)
    })
  program
    .command('api')
    .description('any GraphQL query; the answer as JSON')
    .requiredOption('-q, --query <document>', 'the document, or - for standard input')
    .option('--variables <json>', 'its variables', '{}')
    .action(async (options: { query: string; variables: string }) => {
      const document = options.query === '-' ? readFileSync(0, 'utf8') : options.query
      let variables: Record<string, unknown>
      try {
        variables = JSON.parse(options.variables) as Record<string, unknown>
      } catch (cause) {
        throw new FairleadError('BAD_USER_INPUT', '--variables is not JSON', { cause })
      }
      const answer = await context.hub().ask<unknown>(document, variables, context.signal)
      context.terminal.out(`${JSON.stringify(answer, null, 2)}\n`)
    })
}
