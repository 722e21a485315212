import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeFrame, FrameReader } from './frame.ts'

it('messages come out as they went in, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (messages, cuts) => {
      const sent = messages.map((message) => JSON.parse(JSON.stringify(message)))
      const bytes = Buffer.concat(sent.map(encodeFrame))
      const reader = new FrameReader()
      const received: unknown[] = []
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const next = at + cuts[i % cuts.length]!
        received.push(...reader.push(bytes.subarray(at, next)))
        at = next
      }
      expect(received).toEqual(sent)
    }),
  )
})

it('refuses an impossible length', () => {
  expect(() => new FrameReader().push(Buffer.from([0xff, 0xff, 0xff, 0xff]))).toThrow(RangeError)
})
