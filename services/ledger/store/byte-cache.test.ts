import { expect, it } from 'vitest'
import { ByteCache } from './byte-cache.ts'

it('keeps what was used last within its room', () => {
  const cache = new ByteCache(100)
  const bytes = (length: number) => new Uint8Array(length)
  cache.set('a', bytes(25))
  cache.set('b', bytes(25))
  cache.set('c', bytes(25))
  cache.set('d', bytes(25))
  expect(cache.get('a')).toHaveLength(25)
  cache.set('e', bytes(25))
  expect(cache.get('b')).toBeUndefined()
  expect(cache.get('a')).toHaveLength(25)
  cache.set('a', bytes(10))
  expect(cache.sizeBytes).toBe(85)
  cache.set('huge', bytes(26))
  expect(cache.get('huge')).toBeUndefined()
  expect(cache.sizeBytes).toBe(85)
})
