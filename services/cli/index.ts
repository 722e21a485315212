export { findAccess, type HubAccess } from './hub/access.ts'
export { HubClient } from './hub/client.ts'
export { run } from './main.ts'
export { CapturedTerminal } from './output/captured.ts'
