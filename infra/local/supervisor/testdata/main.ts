// The command line of the embedded stack, with a stand-in for Fairlead's own processes and the clusters of FAIRLEAD_CLUSTERS: `main.ts start|stop [--detach|--background]`.
import { fileURLToPath } from 'node:url'
import { start, startDetached, stop } from '../commands.ts'
import { dataFolder } from '../data-folder.ts'

const [, , command, mode] = process.argv
const folder = dataFolder(process.env.FAIRLEAD_DATA ?? '')
const options = {
  folder,
  print: (text: string) => console.log(text),
  background: [fileURLToPath(import.meta.url), 'start', '--background'],
  clusters: (process.env.FAIRLEAD_CLUSTERS ?? '').split(',').filter((name) => name !== ''),
  processes: [{ name: 'hub', file: 'infra/local/supervisor/testdata/says.ts', environment: async () => ({}), ready: { line: 'ready' } }],
}
process.exit(command === 'stop' ? await stop(folder, options.print) : mode === '--detach' ? await startDetached(options) : await start(options, mode !== undefined))
