#!/usr/bin/env node
// npm run bench -- NAME [--out FILE]: one benchmark.
import { requireNode } from '../bootstrap/require-node.mjs'

requireNode()
import('../bootstrap/launch.mjs').then(({ launch }) => launch('infra/bench/main.ts', process.argv.slice(2)))
