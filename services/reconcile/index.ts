export { type Decision, decideAutomated, decideRequest, type OpenRequest, type Start } from './decide.ts'
export { takeEpoch } from './epoch.ts'
export { type Reconcile, type ReconcileDeps, startReconcile } from './start.ts'
