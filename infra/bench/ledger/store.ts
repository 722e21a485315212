/** An event store as the load generator sees it. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly name: string
  /**
   * Appends to stream number `stream`, whose version (number of events) must be exactly `version`; false for a conflict.
   */
  append(stream: number, version: number, events: readonly Record<string, unknown>[]): Promise<boolean>
  /** Table and index bytes for each event so far. */
  bytesPerEvent(): Promise<number>
}

/** Every store keeps the load generator's streams under the same names. */
export const streamName = (stream: number): string => `application-${stream}`
export const eventType = 'application.wave-settled'
