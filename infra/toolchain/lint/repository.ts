import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runQuietly } from '../bootstrap/commands.mjs'
import { type SourceFile, sourceFile } from './source-file.ts'

const read = /\.(?:ts|mts|mjs|js|go|sql|json|ya?ml|md|sh|toml)$|^\.ci\//
const passedOver = /(?:^|\/)(?:testdata|replay|golden)\/|(?:^|\/)pnpm-lock\.yaml$|(?:^|\/)\.gitignore$/

/** The files of a checkout that rules apply to: those that Git has or would add. */
export async function readRepository(root: string): Promise<SourceFile[]> {
  const { code, output } = await runQuietly('git', [
    '-C',
    root,
    '-c',
    'core.quotePath=false',
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate',
  ])
  if (code !== 0) throw new Error(`git ls-files in ${root} failed: ${output.trim()}`)
  const paths = output.split('\n').filter((path) => read.test(path) && !passedOver.test(path))
  return paths.flatMap((path) => {
    const text = readIfThere(join(root, path))
    return text === undefined ? [] : [sourceFile(path, text)]
  })
}

/** A file that Git still lists may have been deleted in the working tree. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
