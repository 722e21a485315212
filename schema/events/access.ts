import { z } from 'zod'
import { defineEvent } from './define.ts'

// Stream: `access-denials`.

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
