import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** What a log says from a byte on; all of it when it has become shorter meanwhile, because it was set aside and began anew. */
export function readFrom(file: string, from: number): string {
  const handle = openSync(file, 'r')
  try {
    const size = fstatSync(handle).size
    const start = size < from ? 0 : from
    const buffer = Buffer.alloc(size - start)
    readSync(handle, buffer, 0, buffer.length, start)
    return buffer.toString('utf8')
  } finally {
    closeSync(handle)
  }
}
