import type { SourceFile } from './source-file.ts'

/** Something that a rule does not allow. */
export interface Finding {
  readonly path: string
  /** 1-based. */
  readonly line: number
  /** Name of the rule, as in `imports/allowed`. */
  readonly rule: string
  readonly message: string
}

/** A rule sees the whole repository at once, since many of them are about how files hang together. */
export type Rule = (files: readonly SourceFile[]) => Finding[]

/** A rule that looks at one file at a time. */
export function perFile(name: string, check: (file: SourceFile) => Iterable<{ line: number; message: string }>): Rule {
  return (files) => files.flatMap((file) => [...check(file)].map((found) => ({ path: file.path, rule: name, ...found })))
}

/** `path:line rule message`, the form that editors and terminals turn into a link. */
export function format(finding: Finding): string {
  return `${finding.path}:${finding.line} ${finding.rule} ${finding.message}`
}
