import type { ErrorCode } from 'yaml'

interface Explanation {
  readonly message: string
  readonly next: string
}

/** What the parser found wrong, in words that never quote the file: a manifest may hold secrets. */
const explanations: Partial<Record<ErrorCode, Explanation>> = {
  ALIAS_PROPS: { message: 'an alias cannot have a tag or anchor of its own', next: 'quote the text that begins with *' },
  BAD_ALIAS: { message: 'not an alias', next: 'quote the text that begins with & or *' },
  BAD_DIRECTIVE: { message: 'not a YAML directive', next: 'remove the line that begins with %' },
  BAD_DQ_ESCAPE: { message: 'not an escape sequence', next: 'write \\\\ for a backslash, or use single quotes' },
  BAD_INDENT: {
    message: 'the indentation does not fit, or a bracket or quote before it is not closed',
    next: 'indent it like its siblings, inside its parent',
  },
  BAD_PROP_ORDER: { message: 'anchor or tag at a wrong place', next: 'write them before the value' },
  BAD_SCALAR_START: { message: 'text begins with a character that YAML reserves', next: 'quote the text' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a map begins on the line of another key',
    next: 'put it on its own line, or quote a text that holds ": "',
  },
  BLOCK_IN_FLOW: { message: 'a block map or list inside brackets', next: 'write it with brackets too, or without any' },
  KEY_OVER_1024_CHARS: { message: 'a map key is longer than 1,024 characters', next: 'shorten it, or write it as "? key"' },
  MISSING_CHAR: {
    message: 'something is not closed: a quote, a bracket, or a ":" after a key',
    next: 'close it; look at the lines before, too',
  },
  MULTILINE_IMPLICIT_KEY: { message: 'a map key spans several lines', next: 'write ": " after the key on its own line' },
  MULTIPLE_ANCHORS: { message: 'two anchors on one value', next: 'remove one' },
  MULTIPLE_TAGS: { message: 'two tags on one value', next: 'remove one' },
  TAB_AS_INDENT: { message: 'a tab is used as indentation', next: 'indent with spaces' },
  UNEXPECTED_TOKEN: {
    message: 'something stands where YAML does not allow it',
    next: 'check indentation, quotes and brackets around this line',
  },
}

export function explainSyntax(code: ErrorCode): Explanation {
  return explanations[code] ?? { message: 'this is not YAML', next: 'check indentation, quotes and brackets around this line' }
}
