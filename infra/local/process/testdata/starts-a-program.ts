// Starts a program that ignores SIGTERM's hint to nobody, says its id and then does nothing until it is killed.
import { startProgram } from '../program.ts'

const [, , folder = '', script = ''] = process.argv
const program = await startProgram({
  name: 'child',
  file: '/bin/sh',
  args: ['-c', script],
  logFile: `${folder}/child.log`,
  runFolder: `${folder}/run`,
})
console.log(program.pid)
setInterval(() => undefined, 60_000)
