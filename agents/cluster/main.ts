import { FairleadError } from '@fairlead/errors'
import { pino } from 'pino'
import { startAgent } from './agent.ts'
import { readConfig } from './config.ts'

// The agent as a process: configuration from the environment (config.ts), log lines on standard error, one ready line on standard output. Ends in good
// order on SIGTERM and SIGINT; exit code 3 = the hub refused it, 2 = anything else.

const log = pino({ name: 'agent', level: process.env.FAIRLEAD_LOG ?? 'info' }, pino.destination({ fd: 2, sync: false }))

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const agent = await startAgent(config, { log: log.child({ cluster: config.cluster }) })
  const stop = () => void agent[Symbol.asyncDispose]().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  await agent.ready
  process.stdout.write(`${JSON.stringify({ ready: 'agent', cluster: agent.cluster, pid: process.pid })}\n`)
}

main().catch((error: unknown) => {
  const failure = FairleadError.from(error)
  log.fatal({ err: failure }, failure.message)
  log.flush()
  process.exit(failure.code === 'JOIN_REFUSED' ? 3 : 2)
})
