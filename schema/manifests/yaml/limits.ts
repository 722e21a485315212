/** What one declaration file may cost. Over a limit the file is refused with `YAML_LIMIT`; other files go on. */
export interface YamlLimits {
  /** Size of one file, bytes of UTF-8. */
  readonly maxBytes: number
  /** YAML documents in one file. */
  readonly maxDocuments: number
  /** Nesting of maps and lists, counted after aliases are followed. */
  readonly maxDepth: number
  /** Lexical tokens in one file; a map entry is about 7 of them, a list item 5. */
  readonly maxTokens: number
  /** Values that aliases and merge keys may add to one file. */
  readonly maxAliasValues: number
}

/** Wide enough for every manifest that fits into etcd (1.5 MiB a request), small enough that a hostile file costs less than a second. */
export const defaultYamlLimits: YamlLimits = {
  maxBytes: 2 * 1024 * 1024,
  maxDocuments: 2_000,
  maxDepth: 100,
  maxTokens: 500_000,
  maxAliasValues: 10_000,
}
