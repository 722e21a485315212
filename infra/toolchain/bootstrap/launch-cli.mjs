import { join } from 'node:path'
import { checkout } from './checkout.mjs'
import { findNode } from './node-runtime.mjs'
import { runTarget } from './run-target.mjs'
import { reportStop } from './stop.mjs'

/**
 * `launch` for the command line, where every millisecond is felt: a few file look-ups when Node 24 is there, the whole bootstrap only when not.
 *
 * @param {string} target path of a TypeScript file, relative to the checkout
 * @param {readonly string[]} args
 */
export async function launchCli(target, args) {
  try {
    const runtime = findNode()
    if (runtime) return await runTarget(runtime.node, [join(checkout, target), ...args])
  } catch (error) {
    return reportStop(error)
  }
  const { launch } = await import('./launch.mjs')
  return launch(target, args, { without: ['go', 'git'] })
}
