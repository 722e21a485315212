import { typeDefs } from '@fairlead/graphql'
import { createSchema } from 'graphql-yoga'
import { applicationResolvers } from '../resolvers/application.ts'
import { auditResolvers } from '../resolvers/audit.ts'
import { changeResolvers } from '../resolvers/change.ts'
import { clusterResolvers } from '../resolvers/cluster.ts'
import { eventResolvers } from '../resolvers/event.ts'
import { inspectResolvers } from '../resolvers/inspect.ts'
import { operationResolvers } from '../resolvers/operation.ts'
import { partResolvers } from '../resolvers/operation-part.ts'
import { resourceResolvers } from '../resolvers/resource.ts'
import { serverResolvers } from '../resolvers/server.ts'
import { subscriptionResolvers } from '../resolvers/subscription.ts'
import type { RequestContext } from './context.ts'
import { enumResolvers } from './enums.ts'
import { DateTime, JsonScalar, Position } from './scalars.ts'

/** The executable schema: the SDL of `@fairlead/graphql` and the resolvers of every topic. */
export function executableSchema() {
  return createSchema<RequestContext>({
    typeDefs,
    resolvers: [
      { DateTime, Position, JSON: JsonScalar, ...enumResolvers },
      applicationResolvers,
      auditResolvers,
      changeResolvers,
      clusterResolvers,
      eventResolvers,
      inspectResolvers,
      operationResolvers,
      partResolvers,
      resourceResolvers,
      serverResolvers,
      subscriptionResolvers,
    ] as never,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  })
}
