// Resolves the tiny program of the module folder given, in the cache of the environment, and prints what it is told and how it went.
import { resolve } from '../programs/resolve.ts'
import { tinyProgram } from './tiny-program.ts'

const { source } = await resolve(tinyProgram(process.argv[2]!), { log: (line) => console.log(line) })
console.log(source)
