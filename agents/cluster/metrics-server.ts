import { createServer } from 'node:http'

export interface AgentVitals {
  /** Connected to the hub. An agent that is not still works. */
  readonly connected: boolean
  readonly objects: number
  readonly kinds: number
  readonly queued: number
  readonly spoolBytes: number
}

/** Serves /metrics (Prometheus text) on the loopback. */
export async function serveMetrics(port: number, vitals: () => AgentVitals): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return response.writeHead(404).end()
    return response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(metricsOf(vitals()))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  server.unref()
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function metricsOf(vitals: AgentVitals): string {
  const { user, system } = process.cpuUsage()
  const rows: readonly (readonly [string, 'gauge' | 'counter', number])[] = [
    ['fairlead_agent_hub_connected', 'gauge', vitals.connected ? 1 : 0],
    ['fairlead_agent_managed_objects', 'gauge', vitals.objects],
    ['fairlead_agent_watched_kinds', 'gauge', vitals.kinds],
    ['fairlead_agent_spool_messages', 'gauge', vitals.queued],
    ['fairlead_agent_spool_bytes', 'gauge', vitals.spoolBytes],
    ['process_resident_memory_bytes', 'gauge', process.memoryUsage.rss()],
    ['process_cpu_seconds_total', 'counter', (user + system) / 1e6],
  ]
  return rows.map(([name, type, value]) => `# TYPE ${name} ${type}\n${name} ${value}\n`).join('')
}
