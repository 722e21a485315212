import { z } from 'zod'
import { ObjectRef } from './refs.ts'

/** Health of an object or an application, Argo CD's words. */
export const Health = z.enum(['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'])
export type Health = z.infer<typeof Health>

/** Argo CD's order, best to worst; the worst child gives the parent's health. */
export const healthOrder: readonly Health[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown']

/** The worst of some healths; `Healthy` when there are none. */
export function worstHealth(healths: Iterable<Health>): Health {
  let worst = 0
  for (const health of healths) worst = Math.max(worst, healthOrder.indexOf(health))
  return healthOrder[worst] ?? 'Unknown'
}

/** Whether what runs is what Git says. */
export const SyncStatus = z.enum(['Synced', 'OutOfSync', 'Unknown'])
export type SyncStatus = z.infer<typeof SyncStatus>

/** Phases of one sync in the order they run; SyncFail only after a failure (Argo CD: resource hooks). */
export const SyncPhase = z.enum(['PreSync', 'Sync', 'PostSync', 'SyncFail'])
export type SyncPhase = z.infer<typeof SyncPhase>

/**
 * An object of the application that the synced bundle no longer holds and that no sync has deleted: `counted`, it makes the application OutOfSync (Argo CD: requires
 * pruning); `ignored`, its own annotation says that it means nothing (Argo CD: compare option IgnoreExtraneous).
 */
export const Extraneous = z.enum(['counted', 'ignored'])
export type Extraneous = z.infer<typeof Extraneous>

/** One object of an application as its cluster last reported it. */
export const ResourceState = z.object({
  ref: ObjectRef,
  apiVersion: z.string(),
  uid: z.string().optional(),
  health: Health,
  healthMessage: z.string().optional(),
  sync: SyncStatus,
  /** An object that a hook made: shown, never counted in health or sync. */
  hook: z.boolean().default(false),
  wave: z.int().default(0),
  extraneous: Extraneous.optional(),
})
export type ResourceState = z.infer<typeof ResourceState>
