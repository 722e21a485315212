/**
 * A program is not there and cannot be made. Has the `code` and `next` of Fairlead's errors, without importing them:
 * the toolchain runs before any package is installed.
 */
export class ToolchainError extends Error {
  readonly code = 'TOOL_MISSING'
  /** What to do about it. */
  readonly next: string

  constructor(message: string, next: string) {
    super(message)
    this.name = 'ToolchainError'
    this.next = next
  }
}
