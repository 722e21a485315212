#!/usr/bin/env node
// The `fairlead` command on whatever Node the machine has; the command itself runs on the Node 24 of the cache.
import { requireNode } from '../../../infra/toolchain/bootstrap/require-node.mjs'

requireNode()
import('../../../infra/toolchain/bootstrap/launch-cli.mjs').then(({ launchCli }) =>
  launchCli('services/cli/main.ts', process.argv.slice(2)),
)
