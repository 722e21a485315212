export { type Action, type ActionObject, actions, type Decision, decide, seesProject } from './decide.ts'
export { type Principal, type Role, roles } from './principal.ts'
export { type ReviewedPrincipal, reviewedPrincipals } from './review.ts'
export { type NewToken, TokenStore } from './tokens.ts'
