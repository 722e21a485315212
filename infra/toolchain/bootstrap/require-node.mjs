// Loaded by every command before anything else, so its syntax is old on purpose: an old Node must be able to say that it is too old.

/** The oldest Node that can run the bootstrap; Fairlead itself then runs on the Node 24 that the bootstrap obtains. */
export const oldestNode = '20.0.0'

/**
 * Why this Node cannot run the bootstrap.
 *
 * @param {string} version such as `process.versions.node`
 * @returns {string | undefined} undefined when it can
 */
export function nodeTooOld(version) {
  if (Number(version.split('.')[0]) >= Number(oldestNode.split('.')[0])) return undefined
  return 'fairlead: Node ' + version + ' is too old. Fairlead needs Node 20 or newer: https://nodejs.org/en/download'
}

/** Ends the process with code 2 when this Node is too old. */
export function requireNode() {
  const reason = nodeTooOld(process.versions.node)
  if (reason === undefined) return
  console.error(reason)
  process.exit(2)
}
