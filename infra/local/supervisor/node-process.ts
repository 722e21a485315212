import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFrom } from '../process/log-file.ts'
import { type Program, startProgram } from '../process/program.ts'
import { until } from '../process/ready.ts'
import type { StackParts } from './stack.ts'

/** One of Fairlead's own processes in the embedded stack. */
export interface NodeProcess {
  readonly name: string
  /** A TypeScript file of the checkout, run by this very Node. */
  readonly file: string
  readonly args?: readonly string[]
  /** Its environment. Awaiting a part of the stack in here is what makes the process start after that part. */
  readonly environment: (parts: StackParts) => Promise<Readonly<Record<string, string>>>
  /**
   * How it shows that it is ready: by 200 on a path of the port given to it as FAIRLEAD_HEALTH_PORT, or by a line on its standard output.
   */
  readonly ready: { readonly http: string } | { readonly line: string }
  /** Default 60,000. */
  readonly readyTimeoutMs?: number
}

const checkout = fileURLToPath(new URL('../../..', import.meta.url))

/** Starts one process and waits until it says that it is ready. */
export async function startNodeProcess(spec: NodeProcess, parts: StackParts, signal?: AbortSignal): Promise<Program> {
  const healthPort = await parts.ports.get(`${spec.name}-health`)
  const environment = await spec.environment(parts)
  if (environment.FAIRLEAD_STATE) mkdirSync(environment.FAIRLEAD_STATE, { recursive: true, mode: 0o700 })
  const logFile = join(parts.folder.logs, `${spec.name}.log`)
  const logStart = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
  const program = await startProgram({
    name: spec.name,
    file: process.execPath,
    args: [join(checkout, spec.file), ...(spec.args ?? [])],
    cwd: checkout,
    env: {
      ...ownSettings(),
      NODE_COMPILE_CACHE: parts.folder.process('node-cache'),
      FAIRLEAD_DATA: parts.folder.path,
      FAIRLEAD_HEALTH_PORT: String(healthPort),
      ...environment,
    },
    logFile,
    runFolder: parts.folder.run,
    stopTimeoutMs: 15_000,
  })
  const { ready } = spec
  const probe = 'http' in ready ? answers(`http://127.0.0.1:${healthPort}${ready.http}`) : says(logFile, logStart, ready.line)
  try {
    const waiting = { timeoutMs: spec.readyTimeoutMs ?? 60_000, gone: program.exited, explain: program.logTail }
    await until(spec.name, probe, waiting, signal)
    return program
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
}

/** FAIRLEAD_… of this process are meant for its children too: program paths, log levels. */
function ownSettings(): Record<string, string> {
  const settings = Object.entries(process.env).filter(([name]) => name.startsWith('FAIRLEAD_') || name === 'NODE_OPTIONS')
  return Object.fromEntries(settings.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function answers(url: string): (signal: AbortSignal) => Promise<true | undefined> {
  return async (signal) => {
    const response = await fetch(url, { signal })
    const said = await response.text()
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${said.slice(0, 300)}`)
    return true
  }
}

function says(logFile: string, from: number, line: string): () => Promise<true | undefined> {
  return async () => (readFrom(logFile, from).split('\n').includes(line) ? true : undefined)
}
