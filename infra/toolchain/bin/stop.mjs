#!/usr/bin/env node
// npm stop: stops what npm start left running.
import { requireNode } from '../bootstrap/require-node.mjs'

requireNode()
import('../bootstrap/launch.mjs').then(({ launch }) =>
  launch('infra/local/main.ts', ['stop', ...process.argv.slice(2)], { without: ['go', 'git'] }),
)
