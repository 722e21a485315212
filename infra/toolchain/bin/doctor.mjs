#!/usr/bin/env node
// npm run doctor: what is found, missing, chosen and why.
import { requireNode } from '../bootstrap/require-node.mjs'

requireNode()
import('../bootstrap/launch.mjs').then(({ launch }) =>
  launch('infra/toolchain/doctor/main.ts', process.argv.slice(2), { without: ['go', 'git'], dependencies: false }),
)
