import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder, write } from '../testing/temporary-folder.ts'
import { readRepository } from './repository.ts'

test('rules see what Git has or would add, and no generated record', async () => {
  const root = temporaryFolder()
  execFileSync('git', ['init', '-q', root])
  write(join(root, '.gitignore'), 'node_modules/\n')
  for (const path of [
    'services/api/a.ts',
    'services/api/gone.ts',
    'services/api/testdata/a.ts',
    'schema/events/golden/a.json',
    'node_modules/a/index.js',
    'logo.png',
  ]) {
    write(join(root, path), '')
  }
  execFileSync('git', ['-C', root, 'add', '.'])
  write(join(root, 'services/api/new.ts'), '')
  rmSync(join(root, 'services/api/gone.ts'))
  expect((await readRepository(root)).map((file) => file.path).sort()).toEqual(['services/api/a.ts', 'services/api/new.ts'])
})
