// Becomes the program of its arguments, as the commands do.
import { runTarget } from '../bootstrap/run-target.mjs'

await runTarget(process.execPath, process.argv.slice(2))
