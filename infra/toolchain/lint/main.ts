import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { checkout } from '../bootstrap/checkout.mjs'
import { readRepository } from './repository.ts'
import { format } from './rule.ts'
import { checkHouse } from './rules.ts'

const failed: string[] = []
if (!(await tool('biome', ['ci', '--colors=off', '.']))) failed.push('Biome')
if (!(await house())) failed.push('the rules of the house')
if (!(await tool('tsc', ['-p', 'tsconfig.json', '--pretty', 'false']))) failed.push('types')
console.log(failed.length === 0 ? 'lint: nothing to say' : `lint: failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

async function house(): Promise<boolean> {
  const files = await readRepository(checkout)
  const findings = checkHouse(files)
  for (const finding of findings) console.log(format(finding))
  console.log(`house rules: ${files.length} files, ${findings.length} findings`)
  return findings.length === 0
}

function tool(name: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(checkout, 'node_modules/.bin', name), args, { cwd: checkout, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('exit', (code) => resolve(code === 0))
  })
}
