import { desiredBucket, inboxPrefix, subjects } from '@fairlead/messages'
import type { User } from '@nats-io/jwt'

/**
 * What one cluster's agent may do on the bus: report as itself, read its own pointers and blobs, hear its own commands, and answer them. Nothing of another
 * cluster, nothing of JetStream but its own pointers (threats T1, T2).
 */
export function clusterPermissions(cluster: string): Partial<User> {
  return {
    pub: {
      allow: [
        `fairlead.v1.${cluster}.evt.*`,
        subjects.heartbeat(cluster),
        subjects.bundle(cluster),
        subjects.desired(cluster),
        // Direct get of the last message on one subject: the subject is part of the request's own, so it can be confined.
        `$JS.API.DIRECT.GET.KV_${desiredBucket}.$KV.${desiredBucket}.${cluster}.*`,
      ],
    },
    sub: { allow: [subjects.notify(cluster), subjects.command(cluster), `${inboxPrefix(cluster)}.>`] },
    // Answers to commands: as many as asked, for as long as a command may be answered.
    resp: { max: 1, ttl: 60_000_000_000 },
    subs: 16,
    payload: 1024 * 1024,
  }
}
