import { readdirSync, readFileSync } from 'node:fs'
import { FairleadError } from '@fairlead/errors'
import { describe, expect, test } from 'vitest'
import { ApplicationHealthChanged, eventRegistry } from './index.ts'

const golden = new URL('./golden/', import.meta.url)
const files = readdirSync(golden)

describe('golden events', () => {
  test.each(eventRegistry.definitions.map((definition) => [`${definition.type}@${definition.version}`, definition] as const))(
    '%s has a golden file that still reads as the same value',
    (name, definition) => {
      const data: unknown = JSON.parse(readFileSync(new URL(`${name}.json`, golden), 'utf8'))
      eventRegistry.validate(definition.type, definition.version, data)
      expect(definition.schema.parse(data)).toEqual(data)
      expect(() => eventRegistry.upcast({ type: definition.type, schemaVersion: definition.version, data })).not.toThrow()
    },
  )

  test('no golden file is left without its definition, for old events must stay readable', () => {
    const known = new Set(eventRegistry.definitions.map((definition) => `${definition.type}@${definition.version}.json`))
    expect(files.filter((file) => !known.has(file))).toEqual([])
  })
})

describe('registry', () => {
  test('an unknown type is refused on append and on reading', () => {
    expect(() => eventRegistry.validate('application.vanished', 1, {})).toThrow(FairleadError)
    expect(() => eventRegistry.upcast({ type: 'application.vanished', schemaVersion: 1, data: {} })).toThrow(/unknown event type/)
  })

  test('a version from the future is refused', () => {
    expect(() => eventRegistry.upcast({ type: 'application.health-changed', schemaVersion: 99, data: {} })).toThrow(/version 99/)
  })

  test('data that does not fit is refused with the path of the field', () => {
    expect(() =>
      eventRegistry.validate('application.health-changed', 1, { application: 'a', cluster: 'east', from: 'Fine', to: 'Healthy' }),
    ).toThrow(/from/)
  })

  test('a definition recognises its own events only', () => {
    expect(ApplicationHealthChanged.is({ type: 'application.health-changed' })).toBe(true)
    expect(ApplicationHealthChanged.is({ type: 'application.declared' })).toBe(false)
  })
})
