import { FairleadError } from '@fairlead/errors'
import { Composer, type CST, type Document, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, Parser } from 'yaml'
import type { SourcePosition } from '../model/refs.ts'
import { type AliasBudget, type AliasTargets, aliasTargets, ConversionProblem, isMergeKey, keyText, offsetOf, toValue } from './convert.ts'
import { isObject, type JsonObject, type ManifestDocument, type Pointer } from './document.ts'
import { defaultYamlLimits, type YamlLimits } from './limits.ts'
import { explainSyntax } from './syntax-messages.ts'

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
  const bounds = { ...defaultYamlLimits, ...limits }
  const lines = new LineCounter()
  const fail = (code: 'YAML_SYNTAX' | 'YAML_LIMIT', message: string, offset: number, next?: string): never => {
    const line = offset < 0 ? 1 : Math.max(1, lines.linePos(offset).line)
    throw new FairleadError(code, `${origin.path}:${line}: ${message}`, {
      where: { repository: origin.repository, commit: origin.commit, file: origin.path, line },
      ...(next !== undefined && { next }),
    })
  }
  const bytes = Buffer.byteLength(text)
  if (bytes > bounds.maxBytes) fail('YAML_LIMIT', `the file has ${bytes} bytes, more than ${bounds.maxBytes}`, -1, 'split the file')
  const control = notYaml.exec(text)
  if (control) {
    lines.lineStarts = [0]
    for (let at = text.indexOf('\n'); at >= 0 && at < control.index; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
    fail(
      'YAML_SYNTAX',
      'the file holds a control character or broken text',
      control.index,
      'save the file as UTF-8 text without control characters',
    )
  }

  const budget: AliasBudget = { used: 0 }
  const documents: ManifestDocument[] = []
  let count = 0
  try {
    const composer = new Composer({
      version: '1.1',
      schema: 'failsafe',
      merge: false,
      uniqueKeys: false,
      strict: false,
      prettyErrors: false,
      logLevel: 'silent',
    })
    for (const parsed of composer.compose(tokens(text, lines, bounds))) {
      if (++count > bounds.maxDocuments) {
        fail('YAML_LIMIT', `the file has more than ${bounds.maxDocuments} documents`, offsetOf(parsed.contents), 'split the file')
      }
      const problem = parsed.errors[0]
      if (problem) {
        const { message, next } = explainSyntax(problem.code)
        fail('YAML_SYNTAX', message, problem.pos[0], next)
      }
      const document = read(parsed, origin, lines, bounds, budget)
      if (document) documents.push(document)
    }
  } catch (error) {
    if (error instanceof ConversionProblem) fail(error.code, error.message, error.offset, error.next)
    if (error instanceof RangeError) fail('YAML_LIMIT', 'the file is nested too deeply', -1, 'flatten the document')
    throw error
  }
  return documents
}

/** Text of a file; throws `YAML_SYNTAX` when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array, origin: TextOrigin): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new FairleadError('YAML_SYNTAX', `${origin.path}:1: the file is not UTF-8 text`, {
      cause,
      where: { repository: origin.repository, commit: origin.commit, file: origin.path, line: 1 },
      next: 'save the file as UTF-8',
    })
  }
}

// YAML 1.2 §5.1, printable characters; lone surrogates are what a wrong decoder leaves.
const notYaml = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** Parser tokens of the text, with size and depth checked before anything recursive sees them. */
function* tokens(text: string, lines: LineCounter, limits: YamlLimits): Generator<CST.Token, void> {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  let seen = 0
  let offset = 0
  for (const lexeme of new Lexer().lex(text)) {
    offset += lexeme.length
    if (++seen > limits.maxTokens) {
      throw new ConversionProblem(
        'YAML_LIMIT',
        `the file has more than ${limits.maxTokens} tokens`,
        Math.min(offset, text.length),
        'split the file',
      )
    }
    for (const token of parser.next(lexeme)) yield shallow(token, limits)
  }
  for (const token of parser.end()) yield shallow(token, limits)
}

function shallow(token: CST.Token, limits: YamlLimits): CST.Token {
  let level: CST.Token[] = [token]
  // A document token wraps its content, so it does not count.
  for (let depth = token.type === 'document' ? 0 : 1; level.length > 0; depth++) {
    if (depth > limits.maxDepth) {
      const at = level[0]
      throw new ConversionProblem(
        'YAML_LIMIT',
        `nested deeper than ${limits.maxDepth} levels`,
        at && 'offset' in at ? at.offset : 0,
        'flatten the document',
      )
    }
    level = level.flatMap(children)
  }
  return token
}

function children(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : []
  if (!('items' in token)) return []
  const inner: CST.Token[] = []
  for (const item of token.items) {
    if (item.key) inner.push(item.key)
    if (item.value) inner.push(item.value)
  }
  return inner
}

function read(
  parsed: Document.Parsed | Document,
  origin: TextOrigin,
  lines: LineCounter,
  limits: YamlLimits,
  budget: AliasBudget,
): ManifestDocument | undefined {
  const root = parsed.contents as Node | null
  if (!root) return undefined
  const targets = aliasTargets(root)
  const value = toValue(root, targets, limits, budget)
  if (value === null) return undefined
  if (!isObject(value)) {
    throw new ConversionProblem(
      'YAML_SYNTAX',
      'a manifest must be a map with apiVersion and kind',
      offsetOf(root),
      'write one object per document',
    )
  }
  return new ParsedDocument(value, root, targets, origin, lines)
}

class ParsedDocument implements ManifestDocument {
  readonly value: JsonObject
  readonly #root: Node
  readonly #targets: AliasTargets
  readonly #origin: TextOrigin
  readonly #lines: LineCounter

  constructor(value: JsonObject, root: Node, targets: AliasTargets, origin: TextOrigin, lines: LineCounter) {
    this.value = value
    this.#root = root
    this.#targets = targets
    this.#origin = origin
    this.#lines = lines
  }

  position(pointer: Pointer): SourcePosition {
    let node: unknown = this.#root
    let offset = offsetOf(node)
    for (const part of pointer) {
      const child = this.#child(node, part)
      if (!child) break
      offset = child.offset
      node = child.node
    }
    return { ...this.#origin, line: Math.max(1, this.#lines.linePos(offset).line) }
  }

  #child(parent: unknown, part: string | number): { node: unknown; offset: number } | undefined {
    const node = isAlias(parent) ? this.#targets.get(parent) : parent
    if (isSeq(node) && typeof part === 'number') {
      const item = node.items[part]
      return item === undefined ? undefined : { node: item, offset: offsetOf(item) }
    }
    if (!isMap(node)) return undefined
    const pair = node.items.findLast(
      (candidate) => isScalar(candidate.key) && !isMergeKey(candidate.key) && keyText(candidate) === String(part),
    )
    return pair ? { node: pair.value, offset: offsetOf(pair.key) } : undefined
  }
}
