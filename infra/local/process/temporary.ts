import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder extends Disposable {
  readonly path: string
}

/** A new folder for throw-away data, removed when disposed. Other users may pass through it (not read it), so that Postgres can when root starts it. */
export function temporaryFolder(name = 'fairlead'): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `${name}-`))
  chmodSync(path, 0o711)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
