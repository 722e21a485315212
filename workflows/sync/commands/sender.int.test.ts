import { generateKeyPairSync } from 'node:crypto'
import { type Nats, startNats, temporaryFolder } from '@fairlead/local'
import type { ApplicationId } from '@fairlead/manifests'
import { type CommandReply, type SignedCommand, subjects, verifyCommand } from '@fairlead/messages'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commandSender } from './sender.ts'

const stack = new AsyncDisposableStack()
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const body = { type: 'refresh', application: 'shop' as ApplicationId } as const
let nats: Nats
let bus: NatsConnection

beforeAll(async () => {
  const folder = stack.use(temporaryFolder('sender'))
  nats = stack.use(await startNats({ dir: folder.path }))
  bus = stack.adopt(await nats.connect('hubCreds'), (open) => open.close())
})

afterAll(() => stack.disposeAsync())

/** Answers the commands of `cluster` with `reply`. */
function answer(cluster: string, reply: (command: SignedCommand) => CommandReply): SignedCommand[] {
  const seen: SignedCommand[] = []
  bus.subscribe(subjects.command(cluster), {
    callback: (_, message) => {
      const command = verifyCommand(message.json(), cluster, [publicKey], new Date())
      seen.push(command)
      message.respond(JSON.stringify(reply(command)))
    },
  })
  return seen
}

const accepted = ({ id }: SignedCommand): CommandReply => ({ outcome: 'accepted', id })

test('a command is signed, names the newest epoch, and its number grows', async () => {
  const seen = answer('east', accepted)
  let epoch = 3
  const { send } = commandSender({ nats: bus, key: privateKey, epoch: () => epoch })
  for (; epoch < 6; epoch++) for (let n = 0; n < 20; n++) expect(await send('east', body)).toMatchObject({ outcome: 'accepted' })
  expect(seen.map((command) => command.epoch)).toEqual([3, 4, 5].flatMap((of) => Array.from({ length: 20 }, () => of)))
  const sequences = seen.map(({ sequence }) => sequence)
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
})

test('a number that another process has used is given up for a higher one', async () => {
  const refused = (id: string): CommandReply => ({
    outcome: 'refused',
    id,
    error: { code: 'COMMAND_INVALID', message: 'sequence 7 belongs to another command', retryable: false, next: 'send it again' },
  })
  let refusals = 2
  const seen = answer('west', (command) => (refusals-- > 0 ? refused(command.id) : accepted(command)))
  expect(await commandSender({ nats: bus, key: privateKey, epoch: () => 1 }).send('west', body)).toMatchObject({ outcome: 'accepted' })
  expect(seen).toHaveLength(3)
  expect(new Set(seen.map(({ id }) => id)).size).toBe(3)
})

test('what is invalid for another reason is refused in the end', async () => {
  const error = { code: 'COMMAND_INVALID', message: 'signed with an unknown key', retryable: false, next: 'compare the keys' } as const
  const seen = answer('south', ({ id }) => ({ outcome: 'refused', id, error }))
  expect(await commandSender({ nats: bus, key: privateKey, epoch: () => 1 }).send('south', body)).toMatchObject({
    outcome: 'refused',
    error,
  })
  expect(seen).toHaveLength(3)
})

test('an agent that is not there, or says nothing, is unreachable', async () => {
  const { send } = commandSender({ nats: bus, key: privateKey, epoch: () => 1, timeoutMs: 100 })
  await expect(send('nowhere', body)).rejects.toMatchObject({ code: 'AGENT_UNREACHABLE', where: { cluster: 'nowhere' } })
  bus.subscribe(subjects.command('mute'), { callback: () => undefined })
  await expect(send('mute', body)).rejects.toMatchObject({ code: 'AGENT_UNREACHABLE', retryable: true })
})
