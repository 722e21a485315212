export interface TimedTest {
  readonly name: string
  readonly tookMs: number
}

/** What one vitest run came to. */
export interface Result {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Failures that are not a test: a file that does not load, a missed threshold, a crash. Each is counted in `failed`. */
  readonly problems: readonly string[]
  readonly tests: readonly TimedTest[]
}

export interface Ending {
  /** The report of vitest's JSON reporter; undefined when the run ended without writing one. */
  readonly json: string | undefined
  /** Exit code; null when a signal ended it. */
  readonly code: number | null
  /** True when not even one test was expected, as with a filter that matches nothing in this project. */
  readonly mayBeEmpty: boolean
}

interface FileReport {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly assertionResults: readonly { readonly fullName: string; readonly status: string; readonly duration?: number }[]
}

/** Counts one vitest run; whatever went wrong with it counts as at least one failure. */
export function readResult(project: string, { json, code, mayBeEmpty }: Ending): Result {
  const files = json === undefined ? undefined : parse(json)
  if (!files) return { passed: 0, failed: 1, skipped: 0, problems: [`${project}: ended with ${ended(code)} and no report`], tests: [] }
  const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })))
  const count = (status: string) => tests.filter((test) => test.status === status).length
  const problems = files
    .filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'))
    .map((file) => `${file.name}: ${file.message.split('\n')[0] || 'failed outside of its tests'}`)
  if (code !== 0 && count('failed') + problems.length === 0)
    problems.push(
      `${project}: every test passed, but it ended with ${ended(code)}: see its last lines for a missed coverage threshold or an error between tests`,
    )
  if (code === 0 && count('passed') === 0 && !mayBeEmpty) problems.push(`${project}: no test ran`)
  return {
    passed: count('passed'),
    failed: count('failed') + problems.length,
    skipped: tests.length - count('passed') - count('failed'),
    problems,
    tests: tests.map((test) => ({ name: `${test.file} > ${test.fullName}`, tookMs: test.duration ?? 0 })),
  }
}

/** The sum of several runs. */
export function total(results: readonly Result[]): Result {
  const sum = (of: (result: Result) => number) => results.reduce((count, result) => count + of(result), 0)
  return {
    passed: sum((result) => result.passed),
    failed: sum((result) => result.failed),
    skipped: sum((result) => result.skipped),
    problems: results.flatMap((result) => result.problems),
    tests: results.flatMap((result) => result.tests),
  }
}

/** The slowest tests first. */
export function slowest(tests: readonly TimedTest[], count: number): TimedTest[] {
  return tests.toSorted((a, b) => b.tookMs - a.tookMs).slice(0, count)
}

function ended(code: number | null): string {
  return code === null ? 'a signal' : `code ${code}`
}

function parse(json: string): readonly FileReport[] | undefined {
  try {
    const report: unknown = JSON.parse(json)
    const files = typeof report === 'object' && report !== null && 'testResults' in report ? report.testResults : undefined
    return Array.isArray(files) ? files : undefined
  } catch {
    return undefined
  }
}
