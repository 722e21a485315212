import { lineAt } from '../imports.ts'
import { perFile } from '../rule.ts'

const sourceLines = 500
/** A table of cases reads well at a length at which code does not. */
const testLines = 600
const source = /\.(?:ts|mts|mjs|go|sql)$/
const generated = /(?:^|\/)generated\/|\.generated\.ts$/
const generatedMark = /@generated|Code generated .* DO NOT EDIT/
const folders = /(?:\/root\/|\/home\/[a-z]|\/Users\/[A-Za-z]|\/work\/(?:main|shared)|[A-Z]:\\\\Users)/g
const temporaryFolder = /['"`]\/tmp\//g
const registry = /\bregistry\.(?:npmjs\.org|yarnpkg\.com)|\bproxy\.golang\.org/g

/** A file that has outgrown this holds more than one concept. */
export const fileSize = perFile('files/size', function* (file) {
  if (!source.test(file.path) || generated.test(file.path) || generatedMark.test(file.text.slice(0, 500))) return
  const limit = file.test ? testLines : sourceLines
  const lines = file.text.split('\n').length - 1
  if (lines >= limit) yield { line: limit, message: `has ${lines} lines: split it by concept (fewer than ${limit}; aim for 50 to 200)` }
})

/** What is true on one machine only has no place in the repository. */
export const machinePaths = perFile('files/machine-path', function* (file) {
  const patterns = file.test ? [folders, registry] : [folders, registry, temporaryFolder]
  for (const pattern of patterns) {
    for (const match of file.text.matchAll(pattern))
      yield { line: lineAt(file.text, match.index), message: `names ${match[0]}, which is a place of one machine` }
  }
})
