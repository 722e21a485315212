import type { Digest } from '@fairlead/manifests'
import { canonicalBytes, digestOf } from '@fairlead/messages'
import type { RenderRequest } from './protocol.ts'

/** Raised when the same request to the same renderer is read differently on this side. */
const keyVersion = 1

/**
 * The identity of a render: its declared inputs by Git blob id, its options, and the code that renders. Never a commit and never an
 * application: whatever asks for the same thing shares one render, and a commit that leaves the inputs alone leaves the key alone.
 */
export function renderKey(request: RenderRequest, rendererVersion: string): Digest {
  return digestOf(canonicalBytes({ v: keyVersion, renderer: rendererVersion, ...defined(request) }))
}

/** Absent and undefined are the same thing. */
function defined<T extends object>(value: T): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>
}
