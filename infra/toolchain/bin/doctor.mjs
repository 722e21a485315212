#!/usr/bin/env node
// npm run doctor: what is found, missing, chosen and why.
import { requireNode } from '../bootstrap/require-node.mjs'

requireNode()
import('../bootstrap/doctor.mjs').then(({ doctor }) => doctor())
