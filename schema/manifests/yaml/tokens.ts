import { type CST, Lexer, type LineCounter, Parser } from 'yaml'
import { ConversionProblem } from './convert.ts'
import type { YamlLimits } from './limits.ts'

/** Parser tokens of the text, with size and depth checked before anything recursive sees them. */
export function* tokens(text: string, lines: LineCounter, limits: YamlLimits): Generator<CST.Token, void> {
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
