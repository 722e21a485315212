import { createServer } from 'node:http'

export interface AgentVitals {
  /** Connected to the hub. An agent that is not still works. */
  readonly ready: boolean
  readonly objects: number
  readonly kinds: number
  readonly queued: number
  readonly spoolBytes: number
}

/** Serves /healthz (the process works), /readyz (the hub is connected) and /metrics (Prometheus text) on the loopback. */
export async function serveHealth(port: number, vitals: () => AgentVitals): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const now = vitals()
    switch (request.url) {
      case '/healthz':
        return response.writeHead(200).end('ok\n')
      case '/readyz':
        return response.writeHead(now.ready ? 200 : 503).end(now.ready ? 'ok\n' : 'the hub is away\n')
      case '/metrics':
        return response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(metricsOf(now))
      default:
        return response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function metricsOf(vitals: AgentVitals): string {
  const gauges = {
    fairlead_agent_hub_connected: vitals.ready ? 1 : 0,
    fairlead_agent_managed_objects: vitals.objects,
    fairlead_agent_watched_kinds: vitals.kinds,
    fairlead_agent_spool_messages: vitals.queued,
    fairlead_agent_spool_bytes: vitals.spoolBytes,
    process_resident_memory_bytes: process.memoryUsage.rss(),
    process_cpu_seconds_total: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  }
  return Object.entries(gauges)
    .map(([name, value]) => `# TYPE ${name} gauge\n${name} ${value}\n`)
    .join('')
}
