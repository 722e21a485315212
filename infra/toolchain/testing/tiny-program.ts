import { join } from 'node:path'
import type { Program } from '../programs/table.ts'
import { write } from './temporary-folder.ts'

/** A program that builds in a moment: a Go module without dependencies that prints `tiny 1.2.3`. */
export function tinyProgram(moduleFolder: string, change: Partial<Program> = {}): Program {
  write(join(moduleFolder, 'go.mod'), 'module example.test/tiny\n\ngo 1.26\n')
  write(join(moduleFolder, 'go.sum'), '')
  write(join(moduleFolder, 'main.go'), 'package main\n\nfunc main() { println("tiny 1.2.3") }\n')
  return {
    name: 'tiny',
    env: 'FAIRLEAD_TINY',
    moduleFolder,
    package: '.',
    version: '1.2.3',
    accepts: { from: '1.2.0', below: '1.3.0' },
    versionArgs: ['--version'],
    ldflags: '',
    usualBuildSeconds: 1,
    purpose: 'a test',
    neededBy: 'bench',
    ...change,
  }
}
