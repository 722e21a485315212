/** A source with parts of it turned into spaces; line breaks stay, so offsets and line numbers are those of the original. */
export interface Masked {
  /** Without comments: what strings hold is still there. */
  readonly withoutComments: string
  /** Without comments and without what strings, templates and regular expressions hold: only their quotes are left. */
  readonly code: string
}

/** Words after which a slash begins a regular expression and not a division. */
const beforeRegex = /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|instanceof|yield|await)$/

/** Tells the parts of a TypeScript or JavaScript source apart. It knows as much of the language as that takes and nothing more. */
export function mask(text: string): Masked {
  const scanner = new Scanner(text)
  scanner.code(false)
  return { withoutComments: scanner.withoutComments.join(''), code: scanner.codeOnly.join('') }
}

class Scanner {
  readonly withoutComments: string[]
  readonly codeOnly: string[]
  readonly #text: string
  #at = 0
  /** Code seen since the last statement or so, to judge what a slash means. */
  #before = ''

  constructor(text: string) {
    this.#text = text
    this.withoutComments = [...text].length === text.length ? [...text] : text.split('')
    this.codeOnly = [...this.withoutComments]
  }

  /** Reads code to the end, or to the bracket that ends a `${…}` of a template. */
  code(inTemplate: boolean): void {
    let depth = 0
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!
      const two = this.#text.slice(this.#at, this.#at + 2)
      if (two === '//') this.#comment(this.#end('\n', 0))
      else if (two === '/*') this.#comment(this.#end('*/', 2))
      else if (char === "'" || char === '"') this.#string(char)
      else if (char === '`') this.#template()
      else if (char === '/' && this.#regexMayBegin()) this.#regex()
      else {
        if (char === '{') depth++
        if (char === '}') {
          if (inTemplate && depth === 0) return
          depth--
        }
        this.#keep(char)
        this.#at++
      }
    }
  }

  #end(mark: string, length: number): number {
    const found = this.#text.indexOf(mark, this.#at + 2)
    return found < 0 ? this.#text.length : found + length
  }

  #comment(end: number): void {
    this.#blank(this.withoutComments, this.#at, end)
    this.#blank(this.codeOnly, this.#at, end)
    this.#at = end
  }

  #string(quote: string): void {
    let end = this.#at + 1
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== '\n') end += this.#text[end] === '\\' ? 2 : 1
    this.#contents(end)
  }

  #template(): void {
    this.#at++
    let start = this.#at
    while (this.#at < this.#text.length && this.#text[this.#at] !== '`') {
      if (this.#text[this.#at] === '\\') this.#at += 2
      else if (this.#text.startsWith('${', this.#at)) {
        this.#blank(this.codeOnly, start, this.#at)
        this.#at += 2
        this.#before = '{'
        this.code(true)
        start = ++this.#at
      } else this.#at++
    }
    this.#blank(this.codeOnly, start, this.#at)
    this.#at++
    this.#before = '`'
  }

  #regex(): void {
    let end = this.#at + 1
    let inClass = false
    while (end < this.#text.length && this.#text[end] !== '\n' && (inClass || this.#text[end] !== '/')) {
      if (this.#text[end] === '[') inClass = true
      if (this.#text[end] === ']') inClass = false
      end += this.#text[end] === '\\' ? 2 : 1
    }
    this.#contents(end)
  }

  /** Blanks what stands between the delimiter here and the one at `end`. */
  #contents(end: number): void {
    this.#blank(this.codeOnly, this.#at + 1, end)
    this.#at = end + 1
    this.#before = "'"
  }

  #keep(char: string): void {
    if (!/\s/.test(char) || /[\w$]$/.test(this.#before)) this.#before = (this.#before + char).slice(-16)
  }

  #regexMayBegin(): boolean {
    const before = this.#before.trimEnd()
    return before === '' || /[(,=:[!&|?{};+\-*%<>~^]$/.test(before) || beforeRegex.test(before)
  }

  #blank(target: string[], from: number, to: number): void {
    for (let index = from; index < to && index < target.length; index++) if (target[index] !== '\n') target[index] = ' '
  }
}
