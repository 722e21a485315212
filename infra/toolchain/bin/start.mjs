#!/usr/bin/env node
// npm start: the whole stack on this machine.
import { requireNode } from '../bootstrap/require-node.mjs'

requireNode()
import('../bootstrap/launch.mjs').then(({ launch }) => launch('infra/local/main.ts', ['start', ...process.argv.slice(2)]))
