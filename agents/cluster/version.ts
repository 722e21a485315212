import manifest from './package.json' with { type: 'json' }

/** Version of this agent, as it is reported to the hub. */
export const agentVersion: string = manifest.version
