import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'
import type { Logger } from 'pino'
import { temporalLogger } from './temporal-logger.ts'

const prefix = 'workflows-'
const localImport = /\bfrom\s+'(\.[^']+)'/g

/**
 * The bundle of the workflows in `file`, made once for each content: kept in `folder` under the hash of the sources and of the SDK's version, so that a
 * worker starts without bundling. Bundles of other contents are removed.
 */
export async function workflowBundle(file: string, folder: string, log: Logger): Promise<{ readonly codePath: string }> {
  const codePath = join(folder, `${prefix}${await contentHash(file)}.cjs`)
  await mkdir(folder, { recursive: true })
  const others = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith('.cjs'))
  const stale = others.map((name) => join(folder, name)).filter((path) => path !== codePath)
  await Promise.all(stale.map((path) => rm(path, { force: true })))
  if (existsSync(codePath)) return { codePath }
  const { code } = await bundleWorkflowCode({ workflowsPath: file, logger: temporalLogger(log) })
  const fresh = `${codePath}.${process.pid}.new`
  await writeFile(fresh, code)
  await rename(fresh, codePath)
  return { codePath }
}

/** SHA-256 over the file, all that it imports by path, and the version of the SDK that bundles and runs it. */
export async function contentHash(file: string): Promise<string> {
  const { version } = createRequire(import.meta.url)('@temporalio/workflow/package.json') as { version: string }
  const hash = createHash('sha256').update(version)
  const texts = new Map<string, string>()
  for (const queue = [file]; queue.length > 0; ) {
    const next = queue.pop() as string
    if (texts.has(next)) continue
    const text = await readFile(next, 'utf8')
    texts.set(next, text)
    for (const [, specifier = ''] of text.matchAll(localImport)) queue.push(resolve(dirname(next), specifier))
  }
  for (const text of [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, content]) => content)) hash.update(text).update('\0')
  return hash.digest('hex').slice(0, 32)
}
