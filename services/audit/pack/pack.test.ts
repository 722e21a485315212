import { ApplicationOperationFinished, ApplicationOperationStarted, ApplicationRequested } from '@fairlead/events'
import { strFromU8, unzipSync } from 'fflate'
import { expect, test } from 'vitest'
import { application, auditor, cluster, digest, operation, revision, Scene, user } from '../testing/scene.ts'

async function packOf(reason: string, more: ConstructorParameters<typeof Scene>[0] = {}) {
  const scene = new Scene(more)
  const asked = { application, request: 'r-1', action: 'sync' as const, prune: true, dryRun: false, force: false, hard: false }
  await scene.on(ApplicationRequested.of(asked), user('<b>ana</b>'), reason)
  const what = { application, operation, revision: revision('2'), bundle: digest('b'), dryRun: false }
  const started = {
    ...what,
    cluster,
    kind: 'sync' as const,
    cause: 'request' as const,
    request: 'r-1',
    generation: 2,
    prune: true,
    force: false,
  }
  await scene.announce()
  await scene.on(ApplicationOperationStarted.of(started), user('<b>ana</b>'), reason)
  await scene.on(ApplicationOperationFinished.of({ ...what, outcome: 'Succeeded', full: true, attempts: 1, tookMs: 1 }))
  const chunks: Uint8Array[] = []
  const request = {
    kind: 'change',
    format: 'zip' as const,
    change: `${operation}|${application}`,
    at: { position: scene.log.events.length },
  }
  await scene.audit().export(auditor, request, () => async (chunk) => {
    chunks.push(chunk)
  })
  const bytes = Buffer.concat(chunks)
  return { bytes, files: Object.fromEntries(Object.entries(unzipSync(bytes)).map(([name, content]) => [name, strFromU8(content)])) }
}

test('nothing that people wrote becomes part of the page', async () => {
  const { files } = await packOf(`<script>alert(1)</script> & "quotes" 'too'`)
  const page = files['change.html'] ?? ''
  expect(page).not.toMatch(/<script|<b>/)
  expect(page).toContain('&#60;script&#62;alert(1)&#60;/script&#62; &#38; &#34;quotes&#34; &#39;too&#39;')
  expect(page).toContain(`default-src 'none'`)
})

test('without a signed head there are no proofs, and the pack says so', async () => {
  const { files } = await packOf('weekly')
  expect(Object.keys(files)).toEqual(['change.json', 'change.csv', 'change.html', 'events.jsonl', 'manifest.json'])
  expect(JSON.parse(files['manifest.json'] ?? '')).toMatchObject({ proofs: 'none: no signed head covers the as-of position' })
})
