import { FairleadError } from '@fairlead/errors'
import type { RequestContext } from '../graphql/context.ts'
import type { AuditPort } from '../ports.ts'

/** Reports and proofs for auditors; whole files are served below `/audit`. */
export const auditResolvers = {
  Query: {
    auditVerify: (_: unknown, args: object, context: RequestContext) => auditOf(context).verify(context.principal, args, context.signal),
    auditReport: (_: unknown, args: object, context: RequestContext) => auditOf(context).report(context.principal, args, context.signal),
  },
}

function auditOf({ parts }: RequestContext): AuditPort {
  if (parts.audit) return parts.audit
  throw new FairleadError('NOT_FOUND', 'this hub offers no audit', { next: 'ask a hub that runs @fairlead/audit' })
}
