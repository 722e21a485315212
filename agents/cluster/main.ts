import './memory.ts'
import { type RunningProcess, runProcess } from '@fairlead/process'
import { pino } from 'pino'
import { startAgent } from './agent.ts'
import { readConfig } from './config.ts'

// The agent as a process: configuration from the environment (config.ts), log lines on standard error, one ready line on standard output, readiness at
// FAIRLEAD_HEALTH_PORT. It works before it is ready: what it was told earlier it does without a hub.

const log = pino({ name: 'agent', level: process.env.FAIRLEAD_LOG ?? 'info' }, pino.destination(2))

await runProcess(start, (error) => log.error({ code: error.code, next: error.next }, error.message))

async function start(): Promise<RunningProcess> {
  const config = readConfig(process.env)
  const agent = await startAgent(config, { log: log.child({ cluster: config.cluster }) })
  const joined = agent.ready.then(() => {
    process.stdout.write(`${JSON.stringify({ ready: 'agent', cluster: agent.cluster, pid: process.pid })}\n`)
    // From here on nothing ends it but a signal.
    return new Promise<void>(() => {})
  })
  return {
    done: joined,
    notReady: () => (agent.connected ? undefined : 'the hub is away'),
    [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
  }
}
