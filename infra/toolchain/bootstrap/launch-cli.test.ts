import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { start } from '../testing/child.ts'
import { executable, temporaryFolder } from '../testing/temporary-folder.ts'

const command = fileURLToPath(new URL('../../../services/cli/bin/fairlead.mjs', import.meta.url))

/** Runs the `fairlead` command with a Node that does what the lines say instead of running the real command. */
function fairlead(args: readonly string[], ...node: readonly string[]) {
  const folder = temporaryFolder()
  const env = {
    ...process.env,
    FAIRLEAD_NODE: executable(join(folder, 'node'), ...node),
    FAIRLEAD_PNPM: executable(join(folder, 'pnpm')),
  }
  return start(process.execPath, [command, ...args], env)
}

test('fairlead runs the command on the Node obtained, with its arguments as they are', async () => {
  const child = fairlead(['get', 'apps', '-o', 'json', 'two words', ''], 'for arg in "$@"; do echo "<$arg>"; done')
  expect(await child.line()).toMatch(/services\/cli\/main\.ts>$/)
  for (const arg of ['get', 'apps', '-o', 'json', 'two words', '']) expect(await child.line()).toBe(`<${arg}>`)
  expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
})

test('fairlead ends with the exit code of the command, and hands on its input', async () => {
  const child = fairlead(['apply'], 'cat', 'exit 4')
  child.process.stdin!.end('a manifest\n')
  expect(await child.line()).toBe('a manifest')
  expect(await child.ended).toMatchObject({ code: 4 })
})

test('a FAIRLEAD_NODE that cannot be run ends with code 2 and is named', async () => {
  const child = start(process.execPath, [command], { ...process.env, FAIRLEAD_NODE: '/nowhere/node' })
  expect(await child.ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/^fairlead: FAIRLEAD_NODE=\/nowhere\/node is not/) })
})
