import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { FairleadError } from '@fairlead/errors'

// Below the range from which systems give local ends of outgoing connections (Linux 32768, macOS 49152): a port that is to be free again
// at the next start must not be one that any client may hold for a moment.
const lowest = 20_000
const highest = 32_767

const handedOut = new Set<number>()

/** A loopback TCP port that nothing listens on now: the preferred one when it is free, otherwise one that this process has not given out yet. */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && (await isFree(preferred))) {
    handedOut.add(preferred)
    return preferred
  }
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1))
    if (handedOut.has(port)) continue
    // Before it is tried: another call may try the same one meanwhile.
    handedOut.add(port)
    if (await isFree(port)) return port
  }
  throw new FairleadError('PROGRAM_FAILED', `no free port found between ${lowest} and ${highest}`)
}

/** Whether a server could listen on this loopback port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** Ports by name that stay the same from start to start; one that somebody else took meanwhile is chosen anew. */
export interface PortBook {
  get(name: string, preferred?: number): Promise<number>
}

/** A book that remembers nothing: free ports, chosen once per name. */
export function freshPorts(): PortBook {
  const given = new Map<string, Promise<number>>()
  return {
    get(name, preferred) {
      const promise = given.get(name) ?? freePort(preferred)
      given.set(name, promise)
      return promise
    },
  }
}

/** Opens the book kept in `file`, a JSON object of name to port. Each port is checked the first time it is asked for. */
export function openPortBook(file: string): PortBook {
  const known = readPorts(file)
  // Not for anybody else, also before they are asked for.
  for (const port of Object.values(known)) handedOut.add(port)
  const given = new Map<string, Promise<number>>()
  const choose = async (name: string, preferred: number | undefined) => {
    const port = await freePort(known[name] ?? preferred)
    if (known[name] !== port) {
      known[name] = port
      const sorted = Object.fromEntries(Object.entries(known).sort(([a], [b]) => (a < b ? -1 : 1)))
      writeFileSync(`${file}.new`, `${JSON.stringify(sorted, undefined, 2)}\n`)
      renameSync(`${file}.new`, file)
    }
    return port
  }
  return {
    get(name, preferred) {
      const promise = given.get(name) ?? choose(name, preferred)
      given.set(name, promise)
      return promise
    },
  }
}

function readPorts(file: string): Record<string, number> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value !== 'object' || value === null) return {}
    return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, number] => Number.isInteger(entry[1])))
  } catch {
    return {}
  }
}
