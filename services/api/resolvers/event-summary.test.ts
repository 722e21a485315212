import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { summaryOf } from './event-summary.ts'

const golden = new URL('../../../schema/events/golden/', import.meta.url)

describe('every event of the log has a sentence', () => {
  test.each(readdirSync(golden).map((file) => [file.slice(0, file.indexOf('@')), file]))('%s', (type, file) => {
    const summary = summaryOf({ type, data: JSON.parse(readFileSync(new URL(file, golden), 'utf8')) })
    expect(summary).not.toBe(type)
    expect(summary).not.toMatch(/undefined|\[object|NaN/)
    expect(summary).not.toContain('\n')
  })

  test('an unknown type is named', () => {
    expect(summaryOf({ type: 'moon.landed', data: {} })).toBe('moon.landed')
  })
})
