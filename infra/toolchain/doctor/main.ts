import { row } from '../bootstrap/machine-report.mjs'
import { duration } from '../bootstrap/progress.mjs'
import { locate } from '../programs/locate.ts'
import { type Program, programTable } from '../programs/table.ts'
import { ToolchainError } from '../programs/toolchain-error.ts'

const problemsOfMachine = Number(process.argv[2] ?? 0)
const reports = []
for (const program of Object.values(programTable)) reports.push(await report(program))

const toBuild = reports.filter((found) => found.program.neededBy === 'stack' && found.buildSeconds > 0)
const problems = problemsOfMachine + reports.filter((found) => found.failed).length
console.log(
  ['Programs: FAIRLEAD_<PROGRAM>, else PATH, else the cache, else built with Go', ...reports.map((found) => found.line), ''].join('\n'),
)
if (toBuild.length > 0) {
  console.log(
    `${toBuild.length} for the next start to build, usually ${duration(toBuild.reduce((sum, found) => sum + found.buildSeconds, 0))} on two cores, once.`,
  )
}
console.log(
  problems === 0 ? 'Nothing is missing that has to be put right by hand.' : `${problems} to put right by hand: see "missing" above.`,
)
process.exitCode = problems === 0 ? 0 : 2

async function report(program: Program): Promise<{ program: Program; line: string; buildSeconds: number; failed: boolean }> {
  try {
    const { path, source, version, why } = await locate(program)
    const where = source === 'to build' ? `usually ${duration(program.usualBuildSeconds)}; ${why}` : `${path}: ${why}`
    return {
      program,
      line: row(program.name, version, source, where),
      buildSeconds: source === 'to build' ? program.usualBuildSeconds : 0,
      failed: false,
    }
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error
    return { program, line: row(program.name, '-', 'missing', `${error.message}: ${error.next}`), buildSeconds: 0, failed: true }
  }
}
