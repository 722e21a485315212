/**
 * Compares two dotted versions by their numbers; a missing number is 0, what follows the numbers (`-rc.1`, `+meta`) is ignored.
 *
 * @param {string} a
 * @param {string} b
 * @returns {number} negative when `a` is older, 0 when equal, positive when newer
 */
export function compareVersions(a, b) {
  const [left, right] = [numbersOf(a), numbersOf(b)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * The first version number in what a program printed about itself: `go version go1.26.8 linux/amd64` gives `1.26.8`.
 *
 * @param {string} text
 * @returns {string | undefined}
 */
export function versionIn(text) {
  return /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0]
}

/** @param {string} version */
function numbersOf(version) {
  const core = version.replace(/^v/, '').split(/[-+]/)[0] ?? ''
  return core.split('.').map((part) => Number.parseInt(part, 10) || 0)
}
