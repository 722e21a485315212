/**
 * The wave of an object: `argocd.argoproj.io/sync-wave` when it is a whole number, else Helm's `helm.sh/hook-weight`, else 0.
 * Argo CD: sync waves; Go's strconv.Atoi decides what a whole number is, so `" 1"` and `1.0` are none.
 */
export function readWave(annotations: Readonly<Record<string, string>>): number {
  return wholeNumber(annotations['argocd.argoproj.io/sync-wave']) ?? wholeNumber(annotations['helm.sh/hook-weight']) ?? 0
}

export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^[-+]?[0-9]+$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? (value === 0 ? 0 : value) : undefined
}
