#!/usr/bin/env node
// npm run lint: Biome, the rules of the house, the types.
import { requireNode } from '../bootstrap/require-node.mjs'

requireNode()
import('../bootstrap/launch.mjs').then(({ launch }) => launch('infra/toolchain/lint/main.ts', process.argv.slice(2), { without: ['go'] }))
