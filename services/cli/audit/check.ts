import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { FairleadError } from '@fairlead/errors'
import { checkExport, checkProof, type FileDigest, type HeadKey } from '@fairlead/messages'
import { readJson } from './keys.ts'

/** What was found out about one file. */
export interface Checked {
  readonly file: string
  readonly ok: boolean
  readonly what: string
}

export const manifestName = (file: string): string => `${file}.manifest.json`

/** Checks a proof of an event, or an exported file with its manifest beside it; asks nobody. Throws for what is neither. */
export async function checkFile(file: string, keys: readonly HeadKey[]): Promise<Checked> {
  if (existsSync(manifestName(file))) return checkExported(file, keys)
  if (!file.endsWith('.json')) {
    throw new FairleadError('NOT_FOUND', `${file} has no manifest beside it`, {
      where: { file },
      next: `put ${manifestName(file)} there, or name a proof`,
    })
  }
  const result = checkProof(readJson(file), keys)
  if (!result.ok) return { file, ok: false, what: result.message }
  const { event, head } = result.proof
  const at = new Date(event.recordedMs).toISOString()
  return {
    file,
    ok: true,
    what: `${event.type} at position ${event.position}, recorded ${at}, stands in log ${head.log} (head at ${head.position})`,
  }
}

async function checkExported(file: string, keys: readonly HeadKey[]): Promise<Checked> {
  const result = checkExport(readJson(manifestName(file)), await digestOf(file), keys)
  if (!result.ok) return { file, ok: false, what: result.message }
  const { report, file: about, asOf, completeness, verification } = result.manifest
  if (completeness && !completeness.holds) return { file, ok: false, what: `authentic, but not complete: ${about.rows} rows` }
  if (verification && !verification.ok)
    return { file, ok: false, what: `authentic, but of a log that was changed: ${verification.finding?.message}` }
  const counted = completeness ? `, complete (${completeness.changes} changes, ${completeness.outOfBand} out of band)` : ''
  return {
    file,
    ok: true,
    what: `${report} with ${about.rows} ${about.rows === 1 ? 'row' : 'rows'} as of position ${asOf.position}${counted}, taken by ${result.by}`,
  }
}

async function digestOf(file: string): Promise<FileDigest> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  return { sha256: hash.digest('hex'), sizeBytes }
}
