import type {
  AppendRequest,
  AppendResult,
  InclusionProof,
  Ledger,
  RawEvent,
  ReadRange,
  SignedHead,
  VerifyOptions,
  VerifyResult,
} from '@fairlead/ledger'
import { type AsOf, anchorAt } from './anchor.ts'

/** The part of a log that folds read. */
export interface LogReader {
  /** Events as stored, after `from`, up to and including `to`. */
  readRaw(range: ReadRange): Promise<RawEvent[]>
}

/** What reports need of the ledger. */
export interface AuditLog extends LogReader {
  head(): Promise<number>
  positionAt(time: Date): Promise<number>
  /** What a report can say about the place of the log that it is of. Throws `BAD_USER_INPUT` for a position that is not there yet. */
  anchorAt(position: number): Promise<AsOf>
  verify(options: VerifyOptions, signal?: AbortSignal): Promise<VerifyResult>
  append(request: AppendRequest, signal?: AbortSignal): Promise<AppendResult>
  /** Proof that the event at a position stands in the log that a head, not older than it, speaks of. */
  prove(position: number, head: SignedHead): Promise<InclusionProof>
}

/** The ledger as reports see it. */
export function auditLogOf(ledger: Ledger): AuditLog {
  return {
    readRaw: (range) => ledger.readRaw(range),
    head: () => ledger.head(),
    positionAt: (time) => ledger.positionAt(time),
    anchorAt: (position) => anchorAt(ledger.pool, position),
    verify: (options, signal) => ledger.verify(options, signal),
    append: (request, signal) => ledger.append(request, signal),
    prove: (position, head) => ledger.prove(position, head),
  }
}
