import { FairleadError } from '@fairlead/errors'
import { Composer, LineCounter, type Node, Scalar, visit } from 'yaml'
import { type AliasBudget, type AliasTargets, aliasTargets, ConversionProblem, offsetOf, toValue } from './convert.ts'
import { isObject, type Json, type ManifestDocument } from './document.ts'
import { defaultYamlLimits, type YamlLimits } from './limits.ts'
import { ParsedDocument } from './parsed-document.ts'
import { explainSyntax } from './syntax-messages.ts'
import { tokens } from './tokens.ts'

/** The file that a text came from. */
export interface TextOrigin {
  readonly repository: string
  readonly commit: string
  readonly path: string
}

/**
 * The documents of one YAML or JSON file, as kubectl reads them; empty documents are left out.
 * Throws `YAML_SYNTAX` or `YAML_LIMIT` with file and line; the text of the file is never part of an error.
 */
export function parseDocuments(text: string, origin: TextOrigin, limits: Partial<YamlLimits> = {}): ManifestDocument[] {
  return parseEach(text, origin, limits, ({ value, root, targets, lines }) => {
    if (value === null) return undefined
    if (isObject(value)) return new ParsedDocument(value, root, targets, origin, lines)
    throw new ConversionProblem(
      'YAML_SYNTAX',
      'a manifest must be a map with apiVersion and kind',
      offsetOf(root),
      'write one object per document',
    )
  })
}

/** The value of each document of a text that need not hold manifests. Throws as `parseDocuments`. */
export function parseValues(text: string, origin: TextOrigin, limits: Partial<YamlLimits> = {}): Json[] {
  return parseEach(text, origin, limits, ({ value }) => value)
}

/** Text of a file; throws `YAML_SYNTAX` when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array, origin: TextOrigin): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw fileError('YAML_SYNTAX', 'the file is not UTF-8 text', origin, 1, 'save the file as UTF-8', cause)
  }
}

interface Parsed {
  readonly value: Json
  readonly root: Node
  readonly targets: AliasTargets
  readonly lines: LineCounter
}

function parseEach<T>(text: string, origin: TextOrigin, limits: Partial<YamlLimits>, use: (parsed: Parsed) => T | undefined): T[] {
  const bounds = { ...defaultYamlLimits, ...limits }
  checkText(text, origin, bounds)
  const lines = new LineCounter()
  const budget: AliasBudget = { used: 0 }
  const results: T[] = []
  let count = 0
  try {
    for (const document of new Composer(composing).compose(tokens(text, lines, bounds))) {
      const root = document.contents as Node | null
      if (++count > bounds.maxDocuments) {
        throw new ConversionProblem(
          'YAML_LIMIT',
          `the file has more than ${bounds.maxDocuments} documents`,
          offsetOf(root),
          'split the file',
        )
      }
      const problem = document.errors[0]
      if (problem) {
        const { message, next } = explainSyntax(problem.code)
        throw new ConversionProblem('YAML_SYNTAX', message, openQuote(root, problem.pos[0]) ?? problem.pos[0], next)
      }
      if (!root) continue
      const targets = aliasTargets(root)
      const result = use({ value: toValue(root, targets, bounds, budget), root, targets, lines })
      if (result !== undefined) results.push(result)
    }
  } catch (error) {
    if (!(error instanceof ConversionProblem)) throw error
    const line = Math.max(1, lines.linePos(error.offset).line)
    throw fileError(error.code, error.message, origin, line, error.next)
  }
  return results
}

/** Where the quoted text begins that ends at `end`: an open quote is noticed at the end of the file, and made before it. */
function openQuote(root: Node | null, end: number): number | undefined {
  let start: number | undefined
  visit(root, {
    Scalar(_key, { type, range }) {
      if ((type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE) && range?.[1] === end) start = range[0]
    },
  })
  return start
}

/** All scalars stay text here (the failsafe schema); `resolvePlain` gives them kubectl's meaning. */
const composing = {
  version: '1.1',
  schema: 'failsafe',
  merge: false,
  uniqueKeys: false,
  strict: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const

// YAML 1.2 §5.1, printable characters; lone surrogates are what a wrong decoder leaves.
const notYaml = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

function checkText(text: string, origin: TextOrigin, limits: YamlLimits): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > limits.maxBytes) {
    throw fileError('YAML_LIMIT', `the file has ${bytes} bytes, more than ${limits.maxBytes}`, origin, 1, 'split the file')
  }
  const control = notYaml.exec(text)
  if (control) {
    const line = text.slice(0, control.index).split('\n').length
    throw fileError(
      'YAML_SYNTAX',
      'the file holds a control character or broken text',
      origin,
      line,
      'save the file as UTF-8 text without control characters',
    )
  }
}

function fileError(
  code: 'YAML_SYNTAX' | 'YAML_LIMIT',
  message: string,
  origin: TextOrigin,
  line: number,
  next: string,
  cause?: unknown,
): FairleadError {
  const { repository, commit, path } = origin
  return new FairleadError(code, `${path}:${line}: ${message}`, {
    where: { repository, commit, file: path, line },
    next,
    ...(cause !== undefined && { cause }),
  })
}
