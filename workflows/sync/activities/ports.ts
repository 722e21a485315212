import type { Ledger } from '@fairlead/ledger'
import type { ResourceState } from '@fairlead/manifests'
import type { CommandSender } from '../commands/sender.ts'
import type { ReadBrief } from './briefs.ts'

/** What the cluster last reported of each application's objects. */
export interface InventoryPort {
  /** Objects by application, at least as new as ledger position `atLeast`; an application without objects may be absent. */
  read(applications: readonly string[], atLeast: number): Promise<ReadonlyMap<string, readonly ResourceState[]>>
}

/** The world as the activities of a sync reach it. */
export interface SyncPorts {
  readonly ledger: Pick<Ledger, 'append' | 'read' | 'readStream' | 'blobs'>
  readonly inventory: InventoryPort
  readonly commands: CommandSender
  readonly now: () => Date
}

/** The ports as the activities use them. */
export interface SyncTools extends SyncPorts {
  readonly readBrief: (digest: string) => Promise<ReadBrief>
}
