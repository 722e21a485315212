/** Something the user has to put right before a command can go on. */
export class Stop extends Error {
  /** @param {string} message what is wrong and what to do about it; may have several lines */
  constructor(message) {
    super(message)
    this.name = 'Stop'
  }
}

const noPlace = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR']

/**
 * Prints a `Stop` as it is, without a stack, and lets the process end with code 2. Anything else is a bug and thrown on.
 *
 * @param {unknown} error
 */
export function reportStop(error) {
  const message = error instanceof Stop ? error.message : cannotWrite(error)
  if (message === undefined) throw error
  process.stderr.write(`${message.replace(/^/gm, 'fairlead: ')}\n`)
  process.exitCode = 2
}

/** @param {unknown} error */
function cannotWrite(error) {
  if (!(error instanceof Error && 'code' in error && noPlace.includes(String(error.code)))) return undefined
  return `${error.message}\nThe cache (FAIRLEAD_CACHE moves it) and the checkout have to be writable and have room.`
}
