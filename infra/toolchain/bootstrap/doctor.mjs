import { launch } from './launch.mjs'
import { machineReport } from './machine-report.mjs'

/** `npm run doctor`: first what needs nothing but this Node, then, on Node 24, the programs. Obtains Node 24 if need be and changes nothing else. */
export async function doctor() {
  const { lines, problems } = await machineReport()
  process.stdout.write(`${lines.join('\n')}\n\n`)
  await launch('infra/toolchain/doctor/main.ts', [String(problems)], { without: ['go', 'git'], dependencies: false })
}
