import type { WakePort } from './tail.ts'

/** The two calls of a NATS connection that are needed here; `NatsConnection` of `@nats-io/transport-node` fits. */
export interface WakeConnection {
  publish(subject: string, payload?: string): void
  subscribe(subject: string, options: { callback(error: Error | null, message: { string(): string }): void }): { unsubscribe(): void }
}

/** Tells the other processes of the hub over core NATS that the log has grown; a lost message costs one poll interval, nothing else. */
export function wakeOverNats(connection: WakeConnection, subject: string): WakePort {
  return {
    publish: (position) => {
      try {
        connection.publish(subject, String(position))
      } catch {
        // Not connected: the others poll.
      }
    },
    onWake: (callback) => {
      const subscription = connection.subscribe(subject, {
        callback: (error, message) => {
          const position = error ? Number.NaN : Number(message.string())
          if (Number.isSafeInteger(position)) callback(position)
        },
      })
      return () => subscription.unsubscribe()
    },
  }
}
