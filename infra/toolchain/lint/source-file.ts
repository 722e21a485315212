import { type Import, importsOf } from './imports.ts'
import { type Masked, mask } from './mask.ts'

/** A file of the repository as the rules see it. */
export interface SourceFile {
  /** Relative to the checkout, with forward slashes. */
  readonly path: string
  readonly text: string
  /** The package it belongs to, such as `services/ledger`; empty for files of the root. */
  readonly package: string
  /** True for what only tests use: tests themselves, test data and what lies in a folder `testing`. */
  readonly test: boolean
  readonly masked: Masked
  readonly imports: readonly Import[]
}

const testPath = /\.(?:test|prop\.test|int\.test|e2e)\.ts$|(?:^|\/)(?:testing|testdata)\//
const scriptPath = /\.(?:ts|mts|mjs|js)$/
const layers = /^(?:schema|services|workflows|agents|infra)\/[^/]+(?=\/)/
const nothing: Masked = { withoutComments: '', code: '' }

export function sourceFile(path: string, text: string): SourceFile {
  const script = scriptPath.test(path)
  const masked = script ? mask(text) : nothing
  return {
    path,
    text,
    package: layers.exec(path)?.[0] ?? '',
    test: testPath.test(path),
    masked,
    imports: script ? importsOf(text, masked) : [],
  }
}
