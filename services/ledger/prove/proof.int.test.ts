import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError, Redacted } from '@fairlead/errors'
import { temporaryFolder } from '@fairlead/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ledger } from '../ledger.ts'
import { numbers, openTestLedger } from '../testing/log.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { parseCheckpoints } from './checkpoint-file.ts'
import { keyId, type SignedHead, signHead } from './head.ts'
import { type InclusionProof, verifyInclusion } from './inclusion.ts'
import { handOver, trustedKeys } from './key-handover.ts'
import { fileTarget } from './targets.ts'

let postgres: TestPostgres
let ledger: Ledger
const current = generateKeyPairSync('ed25519')
const pemOf = (pair: typeof current) => new Redacted(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)

beforeAll(async () => {
  postgres = await startTestPostgres()
  ledger = await openTestLedger(await postgres.createDatabase())
  for (let i = 0; i < 37; i++) await ledger.append(numbers(`s-${i % 5}`, 1 + (i % 9), 'any', i))
})
afterAll(async () => {
  await ledger?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
})

describe('an inclusion proof', () => {
  let head: SignedHead
  beforeAll(async () => {
    head = (await ledger.signHead(pemOf(current)))!
    await ledger.append(numbers('later'))
  })

  it('holds for every event up to its head, offline, and is small', async () => {
    for (let position = 1; position <= head.position; position++) {
      const proof = await ledger.prove(position, head)
      const file = JSON.stringify(proof)
      expect(file.length).toBeLessThan(4_000)
      expect(verifyInclusion(JSON.parse(file), [current.publicKey])).toEqual({ ok: true, position, log: head.log })
    }
  })

  it('can be shown without the data', async () => {
    const proof = await ledger.prove(5, head)
    const { data: _, ...event } = proof.event
    expect(verifyInclusion({ ...proof, event }, [current.publicKey])).toMatchObject({ ok: true })
  })

  it.each<[string, (proof: InclusionProof) => unknown]>([
    ['another position', (proof) => ({ ...proof, event: { ...proof.event, position: proof.event.position + 1 } })],
    ['another actor', (proof) => ({ ...proof, event: { ...proof.event, context: proof.event.context.replace('test', 'root') } })],
    ['other data', (proof) => ({ ...proof, event: { ...proof.event, data: '{"n":-1}' } })],
    ['another digest of the data', (proof) => ({ ...proof, event: { ...proof.event, data: undefined, dataSha256: 'a'.repeat(64) } })],
    ['another time', (proof) => ({ ...proof, event: { ...proof.event, recordedMs: 0 } })],
    ['another block', (proof) => ({ ...proof, block: { ...proof.block, blockNo: proof.block.blockNo + 1 } })],
    ['a shorter path', (proof) => ({ ...proof, treePath: proof.treePath.slice(1) })],
    ['a head of another position', (proof) => ({ ...proof, head: { ...proof.head, position: 1 } })],
  ])('does not hold with %s', async (_, change) => {
    expect(verifyInclusion(change(await ledger.prove(50, head)), [current.publicKey])).toMatchObject({ ok: false })
  })

  it('does not hold under a key that nobody trusts', async () => {
    expect(verifyInclusion(await ledger.prove(50, head), [generateKeyPairSync('ed25519').publicKey])).toMatchObject({ ok: false })
  })

  it('is refused for an event after the head, and for none at all', async () => {
    await expect(ledger.prove(head.position + 1, head)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
    await expect(ledger.prove(1_000_000, head)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(() => verifyInclusion({ format: 'something else' }, [])).toThrow(/not an inclusion proof/)
  })
})

describe('published heads', () => {
  const failed = (target: string, error: FairleadError) => expect.fail(`${target}: ${error.message}`)
  const publishOnce = (targets: Parameters<Ledger['publishHeads']>[0]['targets'], pair = current) =>
    ledger.publishHeads({ targets, privateKey: pemOf(pair), onFailure: failed }, AbortSignal.abort())

  it('can be signed by a new key that the old one has vouched for, while both are in use', async () => {
    using folder = temporaryFolder('heads')
    const file = join(folder.path, 'heads.jsonl')
    const next = generateKeyPairSync('ed25519')
    await publishOnce([fileTarget(file)])
    const { heads: before } = parseCheckpoints(await readFile(file, 'utf8'))
    const log = before[0]!.log
    await fileTarget(file).publish(handOver(log, next.publicKey, current.privateKey), AbortSignal.timeout(5_000))
    await ledger.append(numbers('s'))
    await publishOnce([fileTarget(file)], next)
    const { heads, handovers } = parseCheckpoints(await readFile(file, 'utf8'))
    const keys = trustedKeys([current.publicKey], log, handovers)
    expect(await ledger.verify({ checkpoints: heads, publicKeys: keys })).toMatchObject({ ok: true, checkpoints: 2 })
    expect(await ledger.verify({ checkpoints: heads, publicKeys: [current.publicKey] })).toMatchObject({
      ok: false,
      problem: 'checkpoint',
      message: expect.stringContaining(
        `is signed by key ${keyId(next.publicKey)}, which is none of the given keys (${keyId(current.publicKey)})`,
      ),
    })
    expect(await ledger.verify({ checkpoints: heads, publicKeys: [current.publicKey, next.publicKey] })).toMatchObject({ ok: true })
    // A handover counts only if a trusted key signed it, for this log, unchanged.
    const stranger = generateKeyPairSync('ed25519')
    const forged = [
      handOver(log, stranger.publicKey, stranger.privateKey),
      { ...handovers[0]!, log: crypto.randomUUID() },
      { ...handovers[0]!, to: '0'.repeat(16) },
    ]
    expect(trustedKeys([current.publicKey], log, forged)).toEqual([{ publicKey: current.publicKey }])
  })

  it('signed by a key whose time is over are refused by name, those it signed before are not', async () => {
    const next = generateKeyPairSync('ed25519')
    const before = (await ledger.signHead(pemOf(current)))!
    const until = new Date(Date.parse(before.signedAt) + 1)
    const handovers = [handOver(before.log, next.publicKey, current.privateKey, until)]
    const keys = trustedKeys([current.publicKey], before.log, handovers)
    expect(keys.map((key) => key.until)).toEqual([until.toISOString(), undefined])
    expect(await ledger.verify({ checkpoints: [before], publicKeys: keys })).toMatchObject({ ok: true, checkpoints: 1 })
    const late = signHead({ ...before, signedAt: new Date(until.getTime() + 1).toISOString() }, current.privateKey)
    expect(await ledger.verify({ checkpoints: [late], publicKeys: keys })).toMatchObject({
      ok: false,
      problem: 'checkpoint',
      message: expect.stringContaining(`by key ${keyId(current.publicKey)}, which was valid until ${until.toISOString()}`),
    })
    // Whoever has the old key can write any date into a head, but not one that its block does not have.
    await ledger.append(numbers('s'))
    const stolen = (await ledger.signHead(pemOf(current)))!
    const backdated = signHead({ ...stolen, recordedAt: before.recordedAt, signedAt: before.signedAt }, current.privateKey)
    expect(await ledger.verify({ checkpoints: [backdated], publicKeys: keys })).toMatchObject({ ok: false, problem: 'checkpoint' })
    // A key whose time is over hands over to nobody.
    const thief = generateKeyPairSync('ed25519')
    const after = { ...handOver(before.log, thief.publicKey, current.privateKey), signedAt: new Date(until.getTime() + 1).toISOString() }
    expect(trustedKeys(keys, before.log, [...handovers, after]).map(({ publicKey }) => keyId(publicKey))).not.toContain(
      keyId(thief.publicKey),
    )
    // With the handovers in it a proof is checked with the first key alone.
    const head = (await ledger.signHead(pemOf(next)))!
    const proof = { ...(await ledger.prove(5, head)), handovers }
    expect(verifyInclusion(proof, [current.publicKey])).toMatchObject({ ok: true })
    expect(verifyInclusion({ ...proof, handovers: undefined }, [current.publicKey])).toMatchObject({
      ok: false,
      message: expect.stringContaining(keyId(next.publicKey)),
    })
  })

  it('a line that is no head is refused with its number', () => {
    expect(() => parseCheckpoints('\n{"format":"x"}\n')).toThrow(FairleadError)
    expect(() => parseCheckpoints('\n{"format":"x"}\n')).toThrow(/line 2/)
  })
})
