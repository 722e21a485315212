// A process that is ready when it answers, as Fairlead's own are.
import { createServer } from 'node:http'

console.log(`database ${process.env.DATABASE_URL ? 'given' : 'missing'}, cluster ${process.env.KUBECONFIG ?? 'none'}`)
createServer((_, response) => response.end('ok')).listen(Number(process.env.FAIRLEAD_HEALTH_PORT), '127.0.0.1')
