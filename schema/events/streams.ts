import type { ApplicationId, ClusterId } from '@fairlead/manifests'

/** Stream of one application; also its lock. */
export const applicationStream = (id: ApplicationId | string): string => `application-${id}`
export const clusterStream = (id: ClusterId | string): string => `cluster-${id}`
export const repositoryStream = (id: string): string => `repository-${id}`
export const operationStream = (id: string): string => `operation-${id}`
export const projectStream = (name: string): string => `project-${name}`
/** The hub's own starts, and nothing else: its version is the epoch. */
export const hubStream = 'hub'
/** Facts about the fleet as a whole. */
export const fleetStream = 'fleet'
/** Attempts that were refused. */
export const denialStream = 'access-denials'
/** What one reading of the log as evidence handed out. */
export const auditStream = (reading: string): string => `audit-${reading}`
/** Persons whose data was erased. */
export const personsStream = 'audit-persons'
/** Reviews of changes after the fact. */
export const reviewStream = 'audit-reviews'
