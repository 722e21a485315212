export type { Route } from './http/handler.ts'
export type { AgentPort, ApiParts, AuditPort, TokenPort } from './ports.ts'
export { type Api, type ApiOptions, startApi } from './start.ts'
