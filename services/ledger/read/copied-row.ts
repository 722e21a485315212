/** `PGCOPY\n\377\r\n\0`, flags, length of an extension: before the first row of a binary copy. */
const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
const headerBytes = 19

/** One row of `COPY … TO STDOUT (FORMAT binary)`: a view, valid only as long as its bytes are. */
abstract class Copied {
  protected bytes: Buffer = Buffer.alloc(0)
  protected at = 0

  /** Looks at the next message; false for the one that ends the copy. */
  take(chunk: Buffer): boolean {
    this.bytes = chunk
    // The header comes in one message with the first row. A row cannot begin like it: that would be a count of 20,551 columns.
    this.at = chunk[0] === signature[0] && chunk[1] === signature[1] ? headerBytes : 0
    return chunk.readInt16BE(this.at) !== -1
  }

  protected int8(offset: number): number {
    return this.bytes.readInt32BE(this.at + offset) * 2 ** 32 + this.bytes.readUInt32BE(this.at + offset + 4)
  }
}

/** Columns: position, 32 bytes. */
export class CopiedLeaf extends Copied {
  get position(): number {
    return this.int8(6)
  }

  leafInto(target: Buffer, offset: number): void {
    this.bytes.copy(target, offset, this.at + 18, this.at + 50)
  }
}

/** Columns: position, stream_no, version, type_id, schema_version, recorded_ms, event_id, context, data; all but the last two have a fixed width. */
export class CopiedRow extends Copied {
  #contextEnd = 0

  override take(chunk: Buffer): boolean {
    if (!super.take(chunk)) return false
    this.#contextEnd = this.at + 82 + chunk.readInt32BE(this.at + 78)
    return true
  }

  get position(): number {
    return this.int8(6)
  }
  get streamNo(): number {
    return this.int8(18)
  }
  get version(): number {
    return this.bytes.readInt32BE(this.at + 30)
  }
  get typeId(): number {
    return this.bytes.readInt16BE(this.at + 38)
  }
  get schemaVersion(): number {
    return this.bytes.readInt16BE(this.at + 44)
  }
  get recordedMs(): number {
    return this.int8(50)
  }
  get id(): string {
    const hex = this.bytes.toString('hex', this.at + 62, this.at + 78)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
  get context(): string {
    return this.bytes.toString('utf8', this.at + 82, this.#contextEnd)
  }
  get data(): Buffer {
    return this.bytes.subarray(this.#contextEnd + 4)
  }
}
