const firstMs = 250
const longestMs = 30_000

/** A program that ran this long before it died counts as having worked: the next restart is quick again. */
export const stableMs = 60_000

/** How long to wait before start attempt `failures + 1`: doubles from a quarter of a second to half a minute. */
export function backoffMs(failures: number): number {
  return failures <= 0 ? 0 : Math.min(firstMs * 2 ** (failures - 1), longestMs)
}

/** Failures that count after a program has died again, given how many counted before and how long it had been ready. */
export function failuresAfter(before: number, readyForMs: number): number {
  return readyForMs >= stableMs ? 1 : before + 1
}
