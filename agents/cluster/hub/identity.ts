import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createUser, fromSeed, type KeyPair } from '@nats-io/nkeys'
import { z } from 'zod'

const Stored = z.object({
  v: z.literal(1),
  cluster: z.string(),
  /** The private key: it never leaves this file and this process. */
  seed: z.string(),
  /** Given by the hub on joining. */
  membership: z.object({ jwt: z.string(), hubKeys: z.array(z.string()).min(1), epoch: z.int().positive() }).optional(),
})
type Stored = z.infer<typeof Stored>

export type Membership = NonNullable<Stored['membership']>

/** Who this agent is: a key pair of its own, made at its first start, and what the hub gave it when it joined. Kept in a 0600 file. */
export class Identity {
  readonly cluster: string
  readonly keys: KeyPair
  readonly #path: string
  #stored: Stored

  /** Opens the identity in `dir`, making it at the first start. Throws when it belongs to another cluster. */
  constructor(dir: string, cluster: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    chmodSync(dir, 0o700)
    this.#path = join(dir, 'identity.json')
    this.#stored = read(this.#path) ?? { v: 1, cluster, seed: new TextDecoder().decode(createUser().getSeed()) }
    if (this.#stored.cluster !== cluster) throw new Error(`${this.#path} belongs to cluster ${this.#stored.cluster}, not to ${cluster}`)
    this.cluster = cluster
    this.keys = fromSeed(new TextEncoder().encode(this.#stored.seed))
    this.#save()
  }

  /** Public NATS user key. */
  get publicKey(): string {
    return this.keys.getPublicKey()
  }

  get seed(): Uint8Array {
    return this.keys.getSeed()
  }

  /** What the hub gave on joining; undefined before. */
  get membership(): Membership | undefined {
    return this.#stored.membership
  }

  /** Keeps what the hub gave. */
  join(membership: Membership): void {
    this.#stored = { ...this.#stored, membership }
    this.#save()
  }

  #save(): void {
    const next = `${this.#path}.new`
    writeFileSync(next, JSON.stringify(this.#stored), { mode: 0o600 })
    renameSync(next, this.#path)
  }
}

function read(path: string): Stored | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  return Stored.parse(JSON.parse(text))
}
