import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fleetObserver } from './fleet-observer.ts'
import { type CommandOptions, start, startDetached, startOver, stop } from './supervisor/commands.ts'
import { dataFolder } from './supervisor/data-folder.ts'
import { reasonOf } from './supervisor/supervisor.ts'

const usage = `npm start                  start the stack and stay in the foreground until Ctrl-C
npm start -- --detach      start it, wait until every demo application is Healthy, leave it running
npm start -- --fresh       delete what was kept and start over
npm stop                   stop it`

const self = fileURLToPath(import.meta.url)

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fresh: { type: 'boolean' },
      detach: { type: 'boolean' },
      background: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const folder = dataFolder(process.env.FAIRLEAD_DATA ?? join(self, '../../../.fairlead'))
  const print = (text: string) => console.log(text)
  const options: CommandOptions = {
    folder,
    print,
    observer: fleetObserver,
    audit: process.env.FAIRLEAD_AUDIT === '1',
    background: [self, 'start', '--background'],
    ...(process.env.DATABASE_URL && { databaseUrl: process.env.DATABASE_URL }),
  }
  const [command, ...rest] = positionals
  if (values.help || rest.length > 0 || (command !== 'start' && command !== 'stop')) {
    print(usage)
    return values.help ? 0 : 2
  }
  if (command === 'stop') return stop(folder, print)
  if (values.fresh) await startOver(folder, print)
  return values.detach ? startDetached(options) : start(options, values.background ?? false)
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(reasonOf(error))
    process.exit(2)
  },
)
