/** Largest message in either direction; the renderer refuses more. */
const maxFrameBytes = 256 * 1024 * 1024

/** One message of the renderer's protocol: length as a big-endian uint32, then that many bytes of JSON. */
export function encodeFrame(message: unknown): Buffer {
  const text = JSON.stringify(message)
  const size = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(4 + size)
  frame.writeUInt32BE(size, 0)
  frame.write(text, 4)
  return frame
}

/** Cuts a byte stream into messages. Holds at most one incomplete message. */
export class FrameReader {
  #chunks: Buffer[] = []
  #held = 0

  /** The messages that `chunk` completes, parsed. Throws `RangeError` on an impossible length and `SyntaxError` on bad JSON. */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    const messages: unknown[] = []
    while (this.#held >= 4) {
      const size = this.#peekSize()
      if (size > maxFrameBytes) throw new RangeError(`frame of ${size} bytes`)
      if (this.#held < 4 + size) break
      const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
      messages.push(JSON.parse(all.toString('utf8', 4, 4 + size)))
      const rest = all.subarray(4 + size)
      this.#chunks = rest.length > 0 ? [rest] : []
      this.#held = rest.length
    }
    return messages
  }

  #peekSize(): number {
    if (this.#chunks[0]!.length < 4) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]!.readUInt32BE(0)
  }
}
