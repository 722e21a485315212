import { FairleadError } from '@fairlead/errors'

const token = /^[A-Za-z0-9_-]{1,200}$/

function checked(value: string): string {
  if (!token.test(value)) throw new FairleadError('BAD_USER_INPUT', `${JSON.stringify(value)} cannot be part of a subject`)
  return value
}

/** Kinds of facts that agents report. */
export const eventKinds = ['hello', 'step', 'state', 'drift', 'rejected'] as const
export type EventKind = (typeof eventKinds)[number]

/** Every NATS subject, in one place. Cluster and application ids are single tokens, so that permissions can be exact. */
export const subjects = {
  /** agent → hub, JetStream. */
  event: (cluster: string, kind: EventKind) => `fairlead.v1.${checked(cluster)}.evt.${kind}`,
  /** agent → hub, core. */
  heartbeat: (cluster: string) => `fairlead.v1.${checked(cluster)}.hb`,
  /** hub → agent, core. */
  notify: (cluster: string) => `fairlead.v1.${checked(cluster)}.notify`,
  /** hub → agent, request/reply. */
  command: (cluster: string) => `fairlead.v1.${checked(cluster)}.cmd`,
  /** agent → hub, request with several replies. */
  bundle: (cluster: string) => `fairlead.v1.${checked(cluster)}.bundle`,
  /** agent → hub, request/reply: the keys and generations of all its desired pointers. */
  desired: (cluster: string) => `fairlead.v1.${checked(cluster)}.desired`,
  /** new agent → hub, request/reply. */
  join: 'fairlead.v1.join',
  /** hub processes among themselves, core: the log has grown. */
  log: 'fairlead.v1.hub.log',
  anyEvent: 'fairlead.v1.*.evt.>',
  anyHeartbeat: 'fairlead.v1.*.hb',
  anyBundle: 'fairlead.v1.*.bundle',
  anyDesired: 'fairlead.v1.*.desired',
} as const

/** The cluster that a subject belongs to: the only source of an agent's identity. */
export function clusterOfSubject(subject: string): string {
  const cluster = subject.split('.')[2]
  if (!subject.startsWith('fairlead.v1.') || cluster === undefined || cluster === 'hub' || cluster === 'join') {
    throw new FairleadError('COMMAND_INVALID', `${subject} is not a cluster's subject`)
  }
  return cluster
}

/** JetStream stream that keeps agents' events until the hub has committed them. */
export const eventStream = 'FAIRLEAD_EVENTS'
/** KV bucket of desired-state pointers; key `<cluster>.<application>`. */
export const desiredBucket = 'desired'
export const desiredKey = (cluster: string, application: string): string => `${checked(cluster)}.${checked(application)}`
/** Inbox prefix of an agent's connection: replies of others stay out of its reach. */
export const inboxPrefix = (cluster: string): string => `_INBOX.${checked(cluster)}`
/** Inbox prefix of the hub's connections. */
export const hubInboxPrefix = '_INBOX.hub'
export const joinInboxPrefix = '_INBOX.join'
