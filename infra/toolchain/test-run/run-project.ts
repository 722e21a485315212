import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout } from '../bootstrap/checkout.mjs'
import { duration } from '../bootstrap/progress.mjs'
import { type Project, timeLimitMs } from './projects.ts'
import { type Result, readResult } from './report.ts'

const killAfterMs = 30_000

/**
 * Runs one vitest project, its output as it comes on our standard output, and counts what came of it.
 *
 * @param interruption ends it early; its reason is the signal that was received
 */
export async function runProject(project: Project, rest: readonly string[], interruption: AbortSignal): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-test-'))
  const file = join(folder, 'report.json')
  // The thresholds hold for the whole of the decisions, so they are asked for only when all of their tests run.
  const coverage = project === 'unit' && rest.length === 0 ? ['--coverage'] : []
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...coverage, ...rest]
  try {
    const { code, timedOut } = await runVitest(args, timeLimitMs[project], interruption)
    const result = readResult(project, { json: read(file), code, mayBeEmpty: rest.length > 0 })
    if (!timedOut) return result
    return {
      ...result,
      failed: result.failed + 1,
      problems: [...result.problems, `${project}: stopped after ${duration(timeLimitMs[project] / 1_000)}`],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runVitest(
  args: readonly string[],
  limitMs: number,
  interruption: AbortSignal,
): Promise<{ code: number | null; timedOut: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(checkout, 'node_modules/.bin/vitest'), args, { cwd: checkout, stdio: ['ignore', 'inherit', 'inherit'] })
    const passOn = () => {
      // Ctrl-C on a terminal reaches the whole foreground group, vitest included.
      if (interruption.reason !== 'SIGINT' || !process.stdin.isTTY) child.kill(interruption.reason)
    }
    interruption.addEventListener('abort', passOn)
    let timedOut = false
    let kill: NodeJS.Timeout | undefined
    const limit = setTimeout(() => {
      timedOut = true
      child.kill('SIGTERM')
      kill = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    }, limitMs)
    child.on('error', reject)
    child.on('exit', (code) => {
      clearTimeout(limit)
      clearTimeout(kill)
      interruption.removeEventListener('abort', passOn)
      resolve({ code, timedOut })
    })
  })
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
