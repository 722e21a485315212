import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface Child {
  readonly process: ChildProcess
  /** The next line of its standard output; rejects when it ends first. */
  line(): Promise<string>
  /** How it ended and all it wrote to standard error. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>
}

/** Starts a script of this folder under the Node that runs the tests; it is killed when the test ends before it does. */
export function startScript(name: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Child {
  return start(process.execPath, [fileURLToPath(new URL(name, import.meta.url)), ...args], env)
}

/** Starts any program likewise. */
export function start(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Child {
  const child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended: Child['ended'] = new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stderr }))
  })
  const line = async () => {
    const next = await lines.next()
    if (next.done) throw new Error(`${file} ended before its next line: ${stderr}`)
    return next.value
  }
  return { process: child, line, ended }
}
