import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { FairleadError } from '@fairlead/errors'
import { removeShelter } from '../postgres/owner.ts'

/** Everything the stack keeps. One folder holds one stack; deleting it (with the stack stopped) is starting over. */
export interface DataFolder {
  readonly path: string
  /** Records of running programs, and the control socket. */
  readonly run: string
  readonly logs: string
  readonly ports: string
  readonly socket: string
  readonly supervisor: string
  /** What a command on this machine needs to talk to the hub; 0600. */
  readonly access: string
  readonly postgres: string
  readonly nats: string
  readonly temporal: string
  readonly etcd: string
  readonly demo: string
  cluster(name: string): string
  /** State of one of Fairlead's own processes. */
  process(name: string): string
}

const marker = 'fairlead-data.json'

/** A socket's path may have 104 bytes on macOS and 108 on Linux, its end included. */
const longestSocketPath = 103

/** The paths below a data folder; nothing is created. */
export function dataFolder(folder: string): DataFolder {
  const path = resolve(folder)
  const at = (name: string) => join(path, name)
  const socket = at('run/control.sock')
  const short = join(tmpdir(), `fairlead-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`, 'control.sock')
  return {
    path,
    run: at('run'),
    logs: at('logs'),
    ports: at('ports.json'),
    socket: Buffer.byteLength(socket) <= longestSocketPath ? socket : short,
    supervisor: at('supervisor.json'),
    access: at('access.json'),
    postgres: at('postgres'),
    nats: at('nats'),
    temporal: at('temporal'),
    etcd: at('etcd'),
    demo: at('demo'),
    cluster: (name) => join(path, 'clusters', name),
    process: (name) => join(path, name),
  }
}

/** Where the hub keeps the token of whoever runs the stack. */
export const tokenFile = (folder: DataFolder) => join(folder.process('hub'), 'admin.token')

/** Creates the folder when it is not there. Refuses one that holds something else: `--fresh` would delete it. */
export function createDataFolder(folder: DataFolder): void {
  const present = existsSync(folder.path) ? readdirSync(folder.path) : []
  if (present.length > 0 && !present.includes(marker)) {
    throw new FairleadError('BAD_USER_INPUT', `${folder.path} is not empty and not a data folder of Fairlead`, {
      next: 'set FAIRLEAD_DATA to a folder of its own',
    })
  }
  // Others may pass through, not look: Postgres, run by root, belongs to another user.
  mkdirSync(folder.path, { recursive: true, mode: 0o711 })
  chmodSync(folder.path, 0o711)
  for (const secret of [folder.run, folder.logs, folder.demo]) mkdirSync(secret, { recursive: true, mode: 0o700 })
  if (present.length === 0) writeFileSync(join(folder.path, marker), `${JSON.stringify({ format: 1 })}\n`)
  else checkFormat(join(folder.path, marker))
}

/** Deletes the folder and what Postgres may keep elsewhere for it. The stack must be stopped. */
export function deleteDataFolder(folder: DataFolder): void {
  if (!existsSync(folder.path)) return
  if (!existsSync(join(folder.path, marker)) && readdirSync(folder.path).length > 0) {
    throw new FairleadError('BAD_USER_INPUT', `${folder.path} is not a data folder of Fairlead and is left as it is`)
  }
  removeShelter(folder.postgres)
  rmSync(folder.path, { recursive: true, force: true })
}

function checkFormat(file: string): void {
  const { format } = JSON.parse(readFileSync(file, 'utf8')) as { format: number }
  if (format !== 1) {
    throw new FairleadError('BAD_USER_INPUT', `${file} says format ${format}, this Fairlead reads format 1`, {
      next: 'use the Fairlead that made it, or start over: npm start -- --fresh',
    })
  }
}
