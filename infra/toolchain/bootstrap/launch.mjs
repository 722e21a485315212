import { join } from 'node:path'
import { checkout } from './checkout.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { obtainNode } from './node-runtime.mjs'
import { Progress } from './progress.mjs'
import { demandRequirements } from './requirements.mjs'
import { runTarget } from './run-target.mjs'
import { reportStop } from './stop.mjs'

/**
 * What every command does first: checks the machine, obtains Node 24, pnpm and the dependencies, then becomes the given program.
 * All it says goes to standard error; standard output belongs to the program.
 *
 * @param {string} target path of a TypeScript file, relative to the checkout
 * @param {readonly string[]} args
 * @param {{without?: readonly ('go' | 'git')[], dependencies?: boolean}} [options] `without`: what the program does not use;
 *   `dependencies: false` for one that uses no npm package
 * @returns {Promise<void>} does not come back when all went well
 */
export async function launch(target, args, { without = [], dependencies = true } = {}) {
  const progress = new Progress(process.stderr)
  try {
    await demandRequirements({ without })
    const runtime = await obtainNode({ progress })
    if (dependencies) await ensureDependencies({ runtime, progress })
    await runTarget(runtime.node, [join(checkout, target), ...args])
  } catch (error) {
    reportStop(error)
  }
}
