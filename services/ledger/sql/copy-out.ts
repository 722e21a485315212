import type pg from 'pg'

interface CopyMessage {
  readonly chunk: Buffer
}

/**
 * Runs `COPY … TO STDOUT` and hands each message to `onRow` as it arrives, in the same turn: its bytes are overwritten afterwards.
 * While `onRow` works the socket is not read, so Postgres waits for a slow reader. `sql` takes no parameters.
 */
export function copyOut(client: pg.PoolClient, sql: string, onRow: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: unknown
    client.query({
      submit: (connection: pg.Connection) => connection.query(sql),
      handleCopyData({ chunk }: CopyMessage) {
        if (failure !== undefined) return
        try {
          onRow(chunk)
        } catch (error) {
          failure = error ?? new Error('a row could not be taken')
        }
      },
      handleError(error: unknown) {
        reject(error)
      },
      handleCommandComplete: () => undefined,
      handleReadyForQuery() {
        if (failure === undefined) resolve()
        else reject(failure)
      },
      handleRowDescription: () => undefined,
      handleDataRow: () => undefined,
      handlePortalSuspended: () => undefined,
      handleEmptyQuery: () => undefined,
      handleCopyInResponse: () => undefined,
    } as unknown as pg.Submittable)
  })
}
