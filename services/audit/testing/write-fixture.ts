import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditOf } from '../compose.ts'
import { History } from './history.ts'
import { openTestLedger, signingKeys, write } from './log.ts'
import { auditor } from './scene.ts'

/** `node services/audit/testing/write-fixture.ts FOLDER`: an exported file, its manifest, a proof and the public key, for tests of those who check them. */
const folder = process.argv[2]
if (folder === undefined) throw new Error('usage: write-fixture FOLDER')
mkdirSync(folder, { recursive: true })
await using test = await openTestLedger()
await write(test.ledger, new History({ seed: 3, applications: 6, clusters: 2, projects: 2, changes: 12, together: 2 }).appends())
const { publicKey, signingKey } = signingKeys()
const audit = auditOf(test.ledger, { version: '0.1.0', signingKey })
const chunks: Uint8Array[] = []
const reading = await audit.export(auditor, { kind: 'register', format: 'csv' }, () => async (chunk) => {
  chunks.push(chunk)
})
const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`
writeFileSync(join(folder, 'register.csv'), Buffer.concat(chunks))
writeFileSync(join(folder, 'register.csv.manifest.json'), json(await audit.manifest(auditor, reading)))
writeFileSync(join(folder, 'proof.json'), json(await audit.prove(auditor, 9)))
writeFileSync(join(folder, 'public-key.pem'), publicKey.export({ type: 'spki', format: 'pem' }))
