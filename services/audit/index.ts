export type { AccessSource, KnownPrincipal } from './access/source.ts'
export {
  type Audit,
  type AuditOptions,
  type Begun,
  type ExportRequest,
  openAudit,
  type PageRequest,
  type ReportPage,
  type VerifyRequest,
} from './audit.ts'
export type { ReviewRule } from './change/assess.ts'
export type { Change } from './change/row.ts'
export { auditOf, type HubAuditOptions } from './compose.ts'
export { type HeadSource, withSigner } from './export/head.ts'
export { headsInFile } from './export/head-file.ts'
export type { Manifest } from './export/manifest.ts'
export type { Place } from './export/place.ts'
export type { Sink } from './export/write.ts'
export type { FormatName } from './format/format.ts'
export {
  type AtInput,
  type AuditReportArguments,
  type AuditVerifyArguments,
  auditErasePerson,
  auditPerson,
  auditReportPage,
  auditVerification,
} from './graphql/resolve.ts'
export { type AuditHandler, type AuditHandlerOptions, auditHandler } from './http/handler.ts'
export type { AsOf } from './log/anchor.ts'
export { type AuditLog, auditLogOf } from './log/audit-log.ts'
export { type Control, controls } from './oscal/controls.ts'
export type { Person } from './person/erase.ts'
export type { AuditPrincipal } from './principal.ts'
export { type ReportKind, reportKinds, type Sources } from './report/report.ts'
