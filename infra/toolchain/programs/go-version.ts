import { tmpdir } from 'node:os'
import { findOnPath, runQuietly } from '../bootstrap/commands.mjs'
import { versionIn } from '../bootstrap/versions.mjs'

const timeoutMs = 20_000
const asked = new Map<string, Promise<string>>()

/** Version of the Go on PATH, such as `1.26.8`; `none` when there is no Go. Asked once per process and place. */
export function goVersion(env: NodeJS.ProcessEnv): Promise<string> {
  const path = findOnPath('go', env)
  if (path === undefined) return Promise.resolve('none')
  const answer = asked.get(path) ?? ask(path, env)
  asked.set(path, answer)
  return answer
}

async function ask(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  // Away from every go.mod: there, Go would first obtain the toolchain that file asks for.
  const { output } = await runQuietly(path, ['version'], { cwd: tmpdir(), env, timeoutMs })
  return versionIn(output) ?? 'none'
}
