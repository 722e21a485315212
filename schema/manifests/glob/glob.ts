/** Which language a pattern is written in. */
export interface GlobDialect {
  /** The character that `*` and `?` stop at; absent: they match everything. */
  readonly separator?: string
  /** `**` crosses separators. */
  readonly doubleStar?: boolean
  /** `{a,b}`. */
  readonly braces?: boolean
  /** What negates a character class: `[!a]` or `[^a]`. */
  readonly negation: string
}

/** Argo CD's globs (gobwas/glob) over names, servers and namespaces: `*` crosses everything. */
export const plainGlob: GlobDialect = { doubleStar: true, braces: true, negation: '!' }
/** The same over repository URLs: `*` stays within one segment, `**` crosses. */
export const urlGlob: GlobDialect = { ...plainGlob, separator: '/' }
/** Go's path.Match. */
export const pathGlob: GlobDialect = { separator: '/', negation: '^' }
/** Patterns of `git ls-files`: `*` crosses folders. */
export const gitGlob: GlobDialect = { negation: '!^' }

type Part =
  | { readonly type: 'char'; readonly char: string }
  | { readonly type: 'one' }
  | { readonly type: 'many'; readonly crosses: boolean }
  | { readonly type: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  | { readonly type: 'either'; readonly choices: readonly (readonly Part[])[] }

/** A test of whole texts; undefined when the pattern is malformed. Takes time in proportion to pattern × text, whatever the pattern. */
export function compileGlob(pattern: string, dialect: GlobDialect): ((text: string) => boolean) | undefined {
  const reader = new PatternReader([...pattern], dialect)
  const parts = reader.parts(false)
  if (!parts) return undefined
  return (text) => {
    const chars = [...text]
    return advance(parts, new Set([0]), chars, dialect.separator).has(chars.length)
  }
}

/** False for a malformed pattern too, as in Argo CD. */
export function matchGlob(pattern: string, text: string, dialect: GlobDialect): boolean {
  return compileGlob(pattern, dialect)?.(text) ?? false
}

/** All places in the text that can be reached from `places` by matching the parts. */
function advance(
  parts: readonly Part[],
  places: ReadonlySet<number>,
  chars: readonly string[],
  separator: string | undefined,
): Set<number> {
  let reached = new Set(places)
  for (const part of parts) {
    const next = new Set<number>()
    if (part.type === 'either') {
      for (const choice of part.choices) for (const place of advance(choice, reached, chars, separator)) next.add(place)
    } else if (part.type === 'many') {
      spread(reached, next, part.crosses ? undefined : separator, chars)
    } else {
      for (const place of reached) {
        const char = chars[place]
        if (char !== undefined && matches(part, char, separator)) next.add(place + 1)
      }
    }
    if (next.size === 0) return next
    reached = next
  }
  return reached
}

function spread(from: ReadonlySet<number>, into: Set<number>, stop: string | undefined, chars: readonly string[]): void {
  let open = false
  for (let place = 0; place <= chars.length; place++) {
    if (from.has(place)) open = true
    if (open) into.add(place)
    if (chars[place] === stop && stop !== undefined) open = false
  }
}

function matches(part: Part, char: string, separator: string | undefined): boolean {
  switch (part.type) {
    case 'char':
      return part.char === char
    case 'one':
      return char !== separator
    case 'class':
      return part.negated !== part.ranges.some(([low, high]) => low <= char && char <= high)
    default:
      return false
  }
}

class PatternReader {
  readonly #chars: readonly string[]
  readonly #dialect: GlobDialect
  #at = 0

  constructor(chars: readonly string[], dialect: GlobDialect) {
    this.#chars = chars
    this.#dialect = dialect
  }

  /** Up to the end, or inside braces up to `,` or `}` (which is left to be read). */
  parts(inBraces: boolean): Part[] | undefined {
    const parts: Part[] = []
    for (;;) {
      const char = this.#chars[this.#at]
      if (char === undefined) return inBraces ? undefined : parts
      if (inBraces && (char === ',' || char === '}')) return parts
      this.#at++
      const part = this.#part(char)
      if (!part) return undefined
      parts.push(part)
    }
  }

  #part(char: string): Part | undefined {
    if (char === '*') return this.#star()
    if (char === '?') return { type: 'one' }
    if (char === '[') return this.#class()
    if (char === '{' && this.#dialect.braces) return this.#either()
    if (char === '\\') return this.#escaped()
    return { type: 'char', char }
  }

  #star(): Part {
    const doubled = this.#dialect.doubleStar === true && this.#chars[this.#at] === '*'
    if (doubled) this.#at++
    return { type: 'many', crosses: doubled || this.#dialect.separator === undefined }
  }

  #escaped(): Part | undefined {
    const char = this.#chars[this.#at++]
    return char === undefined ? undefined : { type: 'char', char }
  }

  #class(): Part | undefined {
    const negated = this.#dialect.negation.includes(this.#chars[this.#at] ?? ']')
    if (negated) this.#at++
    const ranges: [string, string][] = []
    for (;;) {
      const low = this.#classChar()
      if (low === undefined) return undefined
      let high: string | undefined = low
      if (this.#chars[this.#at] === '-' && this.#chars[this.#at + 1] !== ']') {
        this.#at++
        high = this.#classChar()
      }
      if (high === undefined || high < low) return undefined
      ranges.push([low, high])
      if (this.#chars[this.#at] === ']') {
        this.#at++
        return { type: 'class', negated, ranges }
      }
    }
  }

  #classChar(): string | undefined {
    const char = this.#chars[this.#at++]
    return char === '\\' ? this.#chars[this.#at++] : char
  }

  #either(): Part | undefined {
    const choices: Part[][] = []
    for (;;) {
      const choice = this.parts(true)
      if (!choice) return undefined
      choices.push(choice)
      if (this.#chars[this.#at++] === '}') return { type: 'either', choices }
    }
  }
}
