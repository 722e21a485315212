#!/usr/bin/env node
// npm test: every test; ends with the line 'N passed, N failed'.
import { requireNode } from '../bootstrap/require-node.mjs'

requireNode()
import('../bootstrap/launch.mjs').then(({ launch }) => launch('infra/toolchain/test-run/main.ts', process.argv.slice(2)))
