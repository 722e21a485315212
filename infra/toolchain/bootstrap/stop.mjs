/** Something the user has to put right before a command can go on. */
export class Stop extends Error {
  /** @param {string} message what is wrong and what to do about it; may have several lines */
  constructor(message) {
    super(message)
    this.name = 'Stop'
  }
}

/**
 * Prints a `Stop` as it is, without a stack, and lets the process end with code 2. Anything else is a bug and thrown on.
 *
 * @param {unknown} error
 */
export function reportStop(error) {
  if (!(error instanceof Stop)) throw error
  process.stderr.write(`${error.message.replace(/^/gm, 'fairlead: ')}\n`)
  process.exitCode = 2
}
