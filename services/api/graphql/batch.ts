/** Reads many keys at once; the answer has a value, or undefined, for each key, in order. */
export type ReadMany<Key, Value> = (keys: readonly Key[]) => Promise<readonly (Value | undefined)[]>

const maxBatch = 1_000

/**
 * Collects the keys that resolvers ask for in one turn of the event loop and reads them together; within a request a key is read once. So a
 * list of a hundred rows with a nested field costs one more read, not a hundred.
 */
export function batched<Key, Value>(
  readMany: ReadMany<Key, Value>,
  nameOf: (key: Key) => string,
): (key: Key) => Promise<Value | undefined> {
  const known = new Map<string, Promise<Value | undefined>>()
  const waiting: { key: Key; resolve: (value: Value | undefined) => void; reject: (error: unknown) => void }[] = []

  const send = () => {
    const batch = waiting.splice(0, maxBatch)
    if (waiting.length > 0) setImmediate(send)
    readMany(batch.map(({ key }) => key)).then(
      (values) => {
        for (const [index, { resolve }] of batch.entries()) resolve(values[index])
      },
      (error: unknown) => {
        for (const { reject } of batch) reject(error)
      },
    )
  }

  return (key) => {
    const name = nameOf(key)
    const earlier = known.get(name)
    if (earlier) return earlier
    const value = new Promise<Value | undefined>((resolve, reject) => {
      // Resolvers of one level run within one turn, promises and all; the next turn is late enough for all of them.
      if (waiting.push({ key, resolve, reject }) === 1) setImmediate(send)
    })
    known.set(name, value)
    return value
  }
}

/** Puts rows in the order of the keys that asked for them. */
export function inOrder<Key, Row>(keys: readonly Key[], rows: readonly Row[], keyOf: (row: Row) => string, nameOf: (key: Key) => string) {
  const byName = new Map(rows.map((row) => [keyOf(row), row]))
  return keys.map((key) => byName.get(nameOf(key)))
}

/** Groups rows under the keys that asked for them; a key without rows gets an empty list. */
export function grouped<Row>(keys: readonly string[], rows: readonly Row[], keyOf: (row: Row) => string): Row[][] {
  const groups = new Map<string, Row[]>(keys.map((key) => [key, []]))
  for (const row of rows) groups.get(keyOf(row))?.push(row)
  return keys.map((key) => groups.get(key) ?? [])
}
