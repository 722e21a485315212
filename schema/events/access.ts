import { z } from 'zod'
import { defineEvent } from './define.ts'
import { Grant } from './values.ts'

// Streams: `access` (who may do what), `access-denials` (who tried more).

/** A bearer token was made. The token itself is never kept; `fingerprint` is its SHA-256, which 256 random bits make safe to publish. */
export const AccessTokenIssued = defineEvent(
  'access.token-issued',
  1,
  z.object({
    /** Names the token: the first 16 hex digits of the fingerprint. */
    token: z.string(),
    fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
    /** Stable account or service name, no personal data. */
    principal: z.string(),
    kind: z.enum(['user', 'service']),
    grants: z.array(Grant),
    expiresAt: z.iso.datetime().optional(),
  }),
)

export const AccessTokenRevoked = defineEvent('access.token-revoked', 1, z.object({ token: z.string() }))

/** Someone tried what they may not. Repeats within a minute are one event. */
export const AccessDenied = defineEvent(
  'access.denied',
  1,
  z.object({
    /** `anonymous` when there was no valid token. */
    principal: z.string(),
    action: z.string(),
    /** `<kind>/<name>`. */
    object: z.string(),
    reason: z.string(),
    times: z.int().positive(),
  }),
)
