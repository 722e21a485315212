import { request } from 'node:http'
import { FairleadError } from '@fairlead/errors'
import type { Command } from 'commander'
import { findControlSocket } from '../hub/access.ts'
import type { Context } from './context.ts'

const verbs = {
  commit: 'push a new image tag to the demo repository',
  drift: "edit a live object behind Fairlead's back",
  break: 'push a release that never becomes ready',
} as const

/** `fairlead demo commit|drift|break`: asks the embedded stack over its control socket. */
export function addDemo(program: Command, context: Context): void {
  const demo = program.command('demo').description('things to try on the embedded stack')
  for (const [verb, description] of Object.entries(verbs)) {
    demo
      .command(verb)
      .description(description)
      .action(async () => {
        const answer = await post(`/demo/${verb}`, context.signal)
        context.terminal.out(`${answer.text}\n`)
        context.terminal.err(`next: ${answer.next}\n`)
      })
  }
}

interface Answer {
  readonly text: string
  readonly next: string
}

function post(path: string, signal: AbortSignal): Promise<Answer> {
  const socketPath = findControlSocket()
  if (!socketPath) throw new FairleadError('SERVER_UNREACHABLE', 'there is no embedded stack here')
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST', signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as Answer)
        else reject(new FairleadError('INTERNAL', `the stack answered ${response.statusCode}: ${text.trim()}`))
      })
    })
    sent.on('error', (cause) => reject(new FairleadError('SERVER_UNREACHABLE', 'the embedded stack is not running', { cause })))
    sent.end()
  })
}
