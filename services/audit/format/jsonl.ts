import { createHash } from 'node:crypto'
import type { Format } from './format.ts'

/**
 * JSON Lines: a header, a line for each row, a trailer. The trailer holds the SHA-256 of all bytes before it, so a file that was cut, or in which a line was
 * changed, shows it by itself. Shape of the lines: `schemas/<report>.schema.json`.
 */
export const jsonl: Format = {
  name: 'jsonl',
  extension: 'jsonl',
  mediaType: 'application/jsonl; charset=utf-8',
  async *write(_report, head, rows, closing) {
    const hash = createHash('sha256')
    const line = (value: object): string => {
      const text = `${JSON.stringify(value)}\n`
      hash.update(text)
      return text
    }
    yield line({ line: 'header', ...head })
    let count = 0
    for await (const row of rows) {
      count++
      yield line({ line: 'row', row })
    }
    const completeness = await closing.completeness(count)
    const sha256 = hash.digest('hex')
    yield `${JSON.stringify({ line: 'trailer', rows: count, completeness: completeness ?? null, sha256 })}\n`
    return { rows: count }
  },
}
