import type { OperatorLimits, User } from '@nats-io/jwt'

/**
 * The hub's services: all of Fairlead's subjects, JetStream and KV, replies to anyone who asks. Their own answers come to `_INBOX.hub.>`
 * (set the client's `inboxPrefix` to `_INBOX.hub`). What a cluster's agent may do is decided where its user is signed (`services/ingest`).
 */
export const hubPermissions: Partial<User> = {
  pub: { allow: ['fairlead.>', '$JS.API.>', '$JS.ACK.>', '$JS.FC.>', '$KV.>', '_INBOX.>'] },
  sub: { allow: ['fairlead.>', '$JS.API.>', '$JS.EVENT.ADVISORY.>', '$KV.>', '_INBOX.hub.>'] },
}

/** Whoever holds a join token: asks to join and hears the answer (`inboxPrefix` `_INBOX.join`). The token is judged by the hub. */
export const joinPermissions: Partial<User> = {
  pub: { allow: ['fairlead.v1.join'] },
  sub: { allow: ['_INBOX.join.>'] },
  subs: 4,
  payload: 16 * 1024,
}

const gib = 1024 ** 3

/** What the system account may use: a claim without limits allows nothing, -1 is no limit. The server allows it no JetStream. */
export const systemLimits: OperatorLimits = {
  conn: -1,
  leaf: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
  subs: -1,
  data: -1,
  payload: -1,
}

/** What the fleet's account may use of one server. */
export const fleetLimits: OperatorLimits = {
  ...systemLimits,
  mem_storage: gib / 4,
  disk_storage: 4 * gib,
  streams: -1,
  consumer: -1,
}
