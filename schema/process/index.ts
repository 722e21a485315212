export { environment, environmentFile, environmentPort } from './environment.ts'
export { type HealthServer, serveHealth } from './health.ts'
export { type RunningProcess, runProcess } from './run.ts'
