import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(16 * 256)
let used = pool.length
let lastMs = 0
let sequence = 0

/**
 * A UUID version 7 (RFC 9562 §5.7): milliseconds since the epoch, then a counter that keeps ids of one process in order within a
 * millisecond (method 1), then random bits.
 */
export function uuid7(nowMs: number = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + 16)
  used += 16
  if (nowMs > lastMs) {
    lastMs = nowMs
    sequence = random.readUInt16BE(8) & 0x7ff // half of the counter's room is left to count in
  } else if (++sequence > 0xfff) {
    lastMs += 1
    sequence = 0
  }
  random.writeUIntBE(lastMs, 0, 6)
  random.writeUInt16BE(0x7000 | sequence, 6)
  random[8] = (random[8]! & 0x3f) | 0x80
  const hex = random.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
