/** Values of the model's words, as GraphQL writes them. */
export const enumResolvers = {
  Sync: { SYNCED: 'Synced', OUT_OF_SYNC: 'OutOfSync', UNKNOWN: 'Unknown' },
  Health: {
    HEALTHY: 'Healthy',
    SUSPENDED: 'Suspended',
    PROGRESSING: 'Progressing',
    MISSING: 'Missing',
    DEGRADED: 'Degraded',
    UNKNOWN: 'Unknown',
  },
  Freshness: { LIVE: 'Live', DISCONNECTED: 'Disconnected' },
} as const

/** `OutOfSync` as `OUT_OF_SYNC`: for values that stand in plain strings, like those of facets. */
export const enumName = (word: string): string => word.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()
