import { decide } from '@fairlead/access'
import { FairleadError } from '@fairlead/errors'
import type { RequestContext } from '../graphql/context.ts'
import type { AuditPort } from '../ports.ts'

/** Reports and proofs for auditors; whole files are served below `/audit`. */
export const auditResolvers = {
  Query: {
    auditVerify: (_: unknown, args: object, context: RequestContext) => auditOf(context).verify(context.principal, args, context.signal),
    auditReport: (_: unknown, args: object, context: RequestContext) => auditOf(context).report(context.principal, args, context.signal),
    auditPerson: (_: unknown, args: object, context: RequestContext) => auditOf(context).person(context.principal, args),
  },
  Mutation: { erasePerson },
}

/** What is refused is told like that of every other change, and recorded without saying whom it was about. */
async function erasePerson(_: unknown, args: object, context: RequestContext) {
  const { principal, denials, trace } = context
  try {
    const audit = auditOf(context)
    const decision = decide(principal, 'erase-person', {})
    if (!decision.allowed) {
      const { reason } = decision
      await denials.record({ principal: principal.name, action: 'erase-person', object: 'fleet/persons', reason }, trace, new Date())
      throw new FairleadError('FORBIDDEN', reason)
    }
    return { requests: [], userErrors: [], ...(await audit.erasePerson(principal, args)) }
  } catch (error) {
    if (!FairleadError.is(error) || error.code === 'INTERNAL') throw error
    const { code, message, next } = error
    return { requests: [], position: null, userErrors: [{ path: ['input'], code, message, next }] }
  }
}

function auditOf({ parts }: RequestContext): AuditPort {
  if (parts.audit) return parts.audit
  throw new FairleadError('NOT_FOUND', 'this hub offers no audit', { next: 'ask a hub that runs @fairlead/audit' })
}
