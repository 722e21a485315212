import { join } from 'node:path'
import { checkout } from '../bootstrap/checkout.mjs'

/** How one external program is recognised and made. Every program is one row of `programTable`. */
export interface Program {
  readonly name: string
  /** Environment variable that names another executable to use in its place. */
  readonly env: string
  /** Absolute folder of the Go module, with a committed `go.mod` and `go.sum`, that it is built from. */
  readonly moduleFolder: string
  /** Go package that holds its `main`. */
  readonly package: string
  /** The pinned version, as in `go.mod`. */
  readonly version: string
  /** Versions that will do when found on PATH: from the first, below the second. Absent when only our own build will do. */
  readonly accepts?: { readonly from: string; readonly below: string }
  /** Arguments that make it print its version and end. */
  readonly versionArgs: readonly string[]
  /** What the linker sets, beyond dropping the symbol tables. */
  readonly ldflags: string
  /** True for a module whose sources are ours: they are then part of what a cached build is recognised by. */
  readonly ownSources?: boolean
  /** What a build from nothing took on a machine with two cores, seconds; programs of one module share most of it. */
  readonly usualBuildSeconds: number
  readonly purpose: string
  /** `stack` is what `npm start` needs, `bench` only a benchmark. */
  readonly neededBy: 'stack' | 'bench'
}

const goModule = (folder: string) => join(checkout, 'infra/toolchain/go', folder)

const kubernetes = {
  moduleFolder: goModule('kubernetes'),
  version: '1.36.3',
  // The three must not be apart: a controller manager may not be newer than its API server (Kubernetes: version skew policy).
  accepts: { from: '1.36.0', below: '1.37.0' },
  versionArgs: ['--version'],
  ldflags:
    '-X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36',
  neededBy: 'stack',
} as const

const temporal = {
  moduleFolder: goModule('temporal'),
  version: '1.31.2',
  // Server and schema tool share the versions of the database schema.
  accepts: { from: '1.31.0', below: '1.32.0' },
  versionArgs: ['--version'],
  ldflags: '',
  neededBy: 'stack',
} as const

/** Every program Fairlead runs, in the order in which the stack needs them, which is the order in which they are built. */
export const programTable = {
  'nats-server': {
    name: 'nats-server',
    env: 'FAIRLEAD_NATS_SERVER',
    moduleFolder: goModule('nats-server'),
    package: 'github.com/nats-io/nats-server/v2',
    version: '2.15.2',
    accepts: { from: '2.14.0', below: '3.0.0' },
    versionArgs: ['--version'],
    ldflags: '',
    usualBuildSeconds: 37,
    purpose: 'the bus between hub and agents',
    neededBy: 'stack',
  },
  'temporal-sql-tool': {
    ...temporal,
    name: 'temporal-sql-tool',
    env: 'FAIRLEAD_TEMPORAL_SQL_TOOL',
    package: 'go.temporal.io/server/cmd/tools/sql',
    usualBuildSeconds: 90,
    purpose: "Temporal's tables in Postgres",
  },
  'temporal-server': {
    ...temporal,
    name: 'temporal-server',
    env: 'FAIRLEAD_TEMPORAL_SERVER',
    package: 'go.temporal.io/server/cmd/server',
    usualBuildSeconds: 180,
    purpose: 'durable workflows',
  },
  renderer: {
    name: 'renderer',
    env: 'FAIRLEAD_RENDERER',
    moduleFolder: join(checkout, 'services/source/renderer'),
    package: '.',
    version: '0.1.0',
    versionArgs: [],
    ldflags: '',
    ownSources: true,
    usualBuildSeconds: 66,
    purpose: 'kustomize, Helm and jsonnet in one process',
    neededBy: 'stack',
  },
  etcd: {
    name: 'etcd',
    env: 'FAIRLEAD_ETCD',
    moduleFolder: goModule('etcd'),
    package: 'go.etcd.io/etcd/server/v3',
    version: '3.6.16',
    accepts: { from: '3.6.0', below: '3.7.0' },
    versionArgs: ['--version'],
    ldflags: '',
    usualBuildSeconds: 38,
    purpose: 'the store of the local clusters',
    neededBy: 'stack',
  },
  'kube-apiserver': {
    ...kubernetes,
    name: 'kube-apiserver',
    env: 'FAIRLEAD_KUBE_APISERVER',
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    usualBuildSeconds: 240,
    purpose: 'the API of each local cluster',
  },
  'kube-controller-manager': {
    ...kubernetes,
    name: 'kube-controller-manager',
    env: 'FAIRLEAD_KUBE_CONTROLLER_MANAGER',
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    usualBuildSeconds: 60,
    purpose: "the local clusters' controllers",
  },
  'kube-scheduler': {
    ...kubernetes,
    name: 'kube-scheduler',
    env: 'FAIRLEAD_KUBE_SCHEDULER',
    package: 'k8s.io/kubernetes/cmd/kube-scheduler',
    usualBuildSeconds: 6,
    purpose: 'gives pods a node',
  },
  kwok: {
    name: 'kwok',
    env: 'FAIRLEAD_KWOK',
    moduleFolder: goModule('kwok'),
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    version: '0.8.0',
    // What a stage file may hold changes between minor versions.
    accepts: { from: '0.8.0', below: '0.9.0' },
    versionArgs: ['--version'],
    ldflags: '',
    usualBuildSeconds: 91,
    purpose: 'makes pods ready without machines',
    neededBy: 'stack',
  },
  kustomize: {
    name: 'kustomize',
    env: 'FAIRLEAD_KUSTOMIZE',
    moduleFolder: goModule('kustomize'),
    package: 'sigs.k8s.io/kustomize/kustomize/v5',
    version: '5.8.2',
    accepts: { from: '5.8.0', below: '6.0.0' },
    versionArgs: ['version'],
    ldflags: '',
    usualBuildSeconds: 15,
    purpose: 'the side to compare rendering with',
    neededBy: 'bench',
  },
} as const satisfies Record<string, Program>

export type ProgramName = keyof typeof programTable

/** The programs of the table in its order. */
export function programsNeededBy(user: Program['neededBy']): ProgramName[] {
  return (Object.keys(programTable) as ProgramName[]).filter((name) => programTable[name].neededBy === user)
}
