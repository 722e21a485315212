import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { FairleadError, Redacted } from '@fairlead/errors'
import { z } from 'zod'
import { type Principal, roles } from './principal.ts'

const StoredToken = z.object({
  name: z.string(),
  kind: z.enum(['user', 'service']),
  role: z.enum(roles),
  projects: z.array(z.string()),
  /** SHA-256 of the token, hex. The token has 256 random bits: no salt, no slow hash is needed. */
  sha256: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
})
type StoredToken = z.infer<typeof StoredToken>

const TokenFile = z.object({ tokens: z.array(StoredToken) })

export interface NewToken extends Omit<Principal, 'authenticatedBy'> {
  readonly expiresAt?: Date
}

/**
 * Bearer tokens, kept as hashes in one 0600 file. The file is what counts: every call first looks whether it has changed (one `stat`, microseconds), so that a
 * revocation by another process holds from the next request on.
 */
export class TokenStore {
  readonly #file: string
  /** Stands for the content of the file that was last read. */
  #seen: string | undefined
  #tokens: readonly StoredToken[] = []

  /** Opens `file`; a file that is not there holds no tokens. Throws `BAD_USER_INPUT` when it is damaged. */
  constructor(file: string) {
    this.#file = file
    this.#refresh()
  }

  /** Makes a token. It is shown once: only its hash is kept. Throws `BAD_USER_INPUT` when the file is damaged, as do `list` and `revoke`. */
  issue(token: NewToken): Redacted {
    this.#refresh()
    const secret = new Redacted(`flt_${randomBytes(32).toString('base64url')}`)
    const { name, kind, role, projects, expiresAt } = token
    const stored = {
      name,
      kind,
      role,
      projects: [...projects],
      sha256: hashOf(secret.reveal()).toString('hex'),
      createdAt: new Date().toISOString(),
      ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
    }
    this.#write([...this.#tokens, stored])
    return secret
  }

  /** Every token that there is, without what would let anybody use it. */
  list(): readonly Omit<StoredToken, 'sha256'>[] {
    this.#refresh()
    return this.#tokens.map(({ sha256: _, ...token }) => token)
  }

  /** Takes back every token of this name. Returns how many there were. */
  revoke(name: string): number {
    this.#refresh()
    const kept = this.#tokens.filter((token) => token.name !== name)
    const revoked = this.#tokens.length - kept.length
    if (revoked > 0) this.#write(kept)
    return revoked
  }

  /**
   * Who holds this token; undefined for one that is unknown or has expired, and for every one while the file is damaged: it may have been meant to revoke it.
   * Compares hashes in constant time.
   */
  verify(token: string, now: Date = new Date()): Principal | undefined {
    try {
      this.#refresh()
    } catch (error) {
      // Whoever shows a token need not learn what is wrong here; `list` says it to those who may ask.
      if (FairleadError.is(error)) return undefined
      throw error
    }
    const hash = hashOf(token)
    const found = this.#tokens.find((stored) => timingSafeEqual(Buffer.from(stored.sha256, 'hex'), hash))
    if (!found || (found.expiresAt !== undefined && new Date(found.expiresAt) <= now)) return undefined
    const { name, kind, role, projects } = found
    return { name, kind, role, projects, authenticatedBy: 'token' }
  }

  #refresh(): void {
    const seen = identityOf(this.#file)
    if (seen === this.#seen && seen !== undefined) return
    this.#tokens = seen === undefined ? [] : read(this.#file)
    this.#seen = seen
  }

  #write(tokens: readonly StoredToken[]): void {
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 })
    const written = `${this.#file}.${process.pid}.new`
    writeFileSync(written, `${JSON.stringify({ tokens }, null, 2)}\n`, { mode: 0o600 })
    renameSync(written, this.#file)
    this.#seen = undefined
  }
}

/** Changes whenever the file is replaced or written to; undefined when there is none. */
function identityOf(file: string): string | undefined {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stat && `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`
}

function read(file: string): readonly StoredToken[] {
  try {
    return TokenFile.parse(JSON.parse(readFileSync(file, 'utf8'))).tokens
  } catch (cause) {
    throw new FairleadError('BAD_USER_INPUT', `${file} is not a token file`, {
      cause: cause instanceof Error ? cause.name : cause,
      where: { file },
      next: 'restore it, or remove it to have a new administrator token made at the next start',
    })
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
