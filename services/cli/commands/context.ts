import type { Command } from 'commander'
import { findAccess } from '../hub/access.ts'
import { HubClient } from '../hub/client.ts'
import { type Format, parseFormat, type Terminal } from '../output/print.ts'

/** What every command gets. */
export interface Context {
  readonly terminal: Terminal
  /** The hub; asking for it is what needs a running stack. */
  readonly hub: () => HubClient
  readonly signal: AbortSignal
  /** Sets the exit code of an answer that is "no" without being an error. */
  readonly exit: (code: number) => void
}

export function createContext(terminal: Terminal, signal: AbortSignal, exit: (code: number) => void): Context {
  let client: HubClient | undefined
  return {
    terminal,
    signal,
    exit,
    hub: () => {
      client ??= new HubClient(findAccess())
      return client
    },
  }
}

export interface OutputOptions {
  readonly output: Format
  readonly headers: boolean
}

/** The options that every reading command has: `-o`, `--no-headers`. */
export function withOutput(command: Command): Command {
  return command
    .option('-o, --output <format>', 'table, wide, json, yaml, name or ndjson', parseFormat, 'table')
    .option('--no-headers', 'no line of column titles')
}

/** `app/checkout`, `application/checkout` or `checkout` → `checkout`. */
export function nameOf(argument: string, kinds: readonly string[] = ['app', 'apps', 'application', 'applications']): string {
  const slash = argument.indexOf('/')
  return slash > 0 && kinds.includes(argument.slice(0, slash)) ? argument.slice(slash + 1) : argument
}

/** Collects a repeated option into a list. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value]
}
