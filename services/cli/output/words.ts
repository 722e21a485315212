const words: Readonly<Record<string, string>> = {
  SYNCED: 'Synced',
  OUT_OF_SYNC: 'OutOfSync',
  UNKNOWN: 'Unknown',
  HEALTHY: 'Healthy',
  SUSPENDED: 'Suspended',
  PROGRESSING: 'Progressing',
  MISSING: 'Missing',
  DEGRADED: 'Degraded',
  LIVE: 'Live',
  DISCONNECTED: 'Disconnected',
}

/** The field's word for a GraphQL enum value. */
export function word(value: string | null | undefined): string {
  return value ? (words[value] ?? value) : '-'
}

/** The GraphQL enum value for a word as people write it: `OutOfSync`, `out-of-sync`, `degraded`. */
export function enumValue(text: string): string {
  const flat = text.toLowerCase().replaceAll(/[-_ ]/g, '')
  return Object.keys(words).find((key) => key.toLowerCase().replaceAll('_', '') === flat) ?? text.toUpperCase()
}

/** First eight digits of a commit. */
export function short(commit: string | null | undefined): string {
  return commit ? commit.slice(0, 8) : '-'
}

interface Ref {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** `Deployment shop/checkout`, `Namespace shop`. */
export function shownRef({ kind, namespace, name }: Ref): string {
  return namespace ? `${kind} ${namespace}/${name}` : `${kind} ${name}`
}
