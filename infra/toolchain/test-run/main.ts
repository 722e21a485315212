import { relative } from 'node:path'
import { checkout } from '../bootstrap/checkout.mjs'
import { resolveProgram } from '../programs/resolve.ts'
import { programsNeededBy } from '../programs/table.ts'
import { ToolchainError } from '../programs/toolchain-error.ts'
import { select } from './projects.ts'
import { type Result, slowest, total } from './report.ts'
import { runProject } from './run-project.ts'

const slowestShown = 10
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort(signal))
const interrupted = interruption.signal

const { projects, rest } = select(process.argv.slice(2))
const results: Result[] = []
const unavailable = projects.some((project) => project !== 'unit') ? await missingPrograms() : undefined
for (const project of projects) {
  if (interrupted.aborted) break
  if (unavailable && project !== 'unit') results.push(notRun(`${project}: not run, since ${unavailable}`))
  else results.push(await runProject(project, rest, interrupted))
}
print(total(results))

function print({ passed, failed, skipped, problems, tests }: Result): void {
  const lines = ['', `The slowest ${slowestShown} tests:`]
  for (const test of slowest(tests, slowestShown))
    lines.push(`  ${(test.tookMs / 1_000).toFixed(2).padStart(7)} s  ${relative(checkout, test.name)}`)
  if (problems.length > 0) lines.push('', 'Failures outside of a test:', ...problems.map((problem) => `  ${problem}`))
  if (skipped > 0) lines.push('', `${skipped} skipped`)
  if (interrupted.aborted) lines.push('', 'interrupted: not everything ran')
  lines.push('', `${passed} passed, ${failed} failed`)
  console.log(lines.join('\n'))
  process.exitCode = interrupted.aborted ? 130 : failed > 0 || passed === 0 ? 1 : 0
}

/** Why the programs that the tests run against cannot be had; undefined when they are there, after building what was missing. */
async function missingPrograms(): Promise<string | undefined> {
  const resolved = await Promise.allSettled(programsNeededBy('stack').map((name) => resolveProgram(name, { signal: interrupted })))
  const error = resolved.find((outcome) => outcome.status === 'rejected')?.reason
  if (error === undefined) return undefined
  if (interrupted.aborted) return 'it was interrupted'
  if (error instanceof ToolchainError) return `${error.message}: ${error.next}`
  throw error
}

function notRun(problem: string): Result {
  return { passed: 0, failed: 1, skipped: 0, problems: [problem], tests: [] }
}
