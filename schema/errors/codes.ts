interface CodeEntry {
  /** CLI exit code (`operator-experience`: 1 the answer is no, 2 usage or unexpected, 3 auth, 4 not found, 5 conflict, 6 policy, 7 timeout, 8 partial, 9 unreachable). */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
  readonly retryable: boolean
  readonly next: string
}

/** Every error code, with its CLI exit code, whether trying again can help, and the default next step. Codes are stable: add, never rename. */
export const errorCodes = {
  // declarations and sources
  YAML_SYNTAX: { exit: 2, retryable: false, next: 'correct the file at the named line and push again' },
  YAML_LIMIT: { exit: 2, retryable: false, next: 'split the file or remove the aliases; the limits are listed in docs/limits.md' },
  MANIFEST_INVALID: { exit: 2, retryable: false, next: 'correct the field at the named line and push again' },
  MANIFEST_UNSUPPORTED: { exit: 2, retryable: false, next: 'remove or replace the construct named in the message' },
  PROJECT_DENIED: { exit: 6, retryable: false, next: 'allow it in the AppProject or change the application' },
  SOURCE_URL_REFUSED: { exit: 2, retryable: false, next: 'use an https, ssh or allowed file URL without options in it' },
  SOURCE_REF_INVALID: { exit: 2, retryable: false, next: 'use a branch, a tag, a semver range or a full commit id' },
  SOURCE_UNREACHABLE: { exit: 9, retryable: true, next: 'check the URL, the network and the credentials of the repository' },
  SOURCE_REVISION_NOT_FOUND: { exit: 4, retryable: true, next: 'push the revision or correct targetRevision' },
  SOURCE_PATH_NOT_FOUND: { exit: 4, retryable: false, next: 'correct the path or push the missing folder' },
  SOURCE_PATH_ESCAPE: { exit: 2, retryable: false, next: 'keep every link and path inside the repository' },
  SOURCE_LIMIT: { exit: 2, retryable: false, next: 'make the input smaller or raise the limit named in the message' },
  RENDER_KUSTOMIZE: { exit: 2, retryable: false, next: 'run the same build locally at this commit and correct it' },
  RENDER_HELM: { exit: 2, retryable: false, next: 'run helm template locally with the same values and correct it' },
  RENDER_JSONNET: { exit: 2, retryable: false, next: 'correct the jsonnet file and push again' },
  RENDER_SUBSTITUTE: { exit: 2, retryable: false, next: 'set the variable or give it a default' },
  RENDER_TEMPLATE: { exit: 2, retryable: false, next: 'correct the template expression' },
  RENDER_REMOTE_REFUSED: { exit: 2, retryable: false, next: 'vendor the remote base or chart into the repository' },
  RENDER_PLUGIN_REFUSED: { exit: 2, retryable: false, next: 'replace the plugin by plain manifests or patches' },
  RENDER_TIMEOUT: { exit: 2, retryable: true, next: 'make the render cheaper or raise its time limit' },
  RENDER_CRASHED: { exit: 2, retryable: true, next: 'report the application and commit; other applications go on' },
  WEBHOOK_UNAUTHENTICATED: { exit: 3, retryable: false, next: 'set the same secret on both sides and sign with SHA-256' },
  WEBHOOK_INVALID: { exit: 2, retryable: false, next: 'send the documented payload' },
  // decisions and operations
  APPLICATION_NOT_FOUND: { exit: 4, retryable: false, next: 'list what there is: fairlead get apps' },
  CLUSTER_NOT_FOUND: { exit: 4, retryable: false, next: 'list what there is: fairlead get clusters' },
  OPERATION_NOT_FOUND: { exit: 4, retryable: false, next: 'list what there is: fairlead history app/NAME' },
  REVISION_NOT_FOUND: { exit: 4, retryable: false, next: 'list what there is: fairlead history app/NAME' },
  OPERATION_RUNNING: { exit: 5, retryable: true, next: 'wait for it, or stop it: fairlead terminate app/NAME' },
  OPERATION_TERMINATED: { exit: 1, retryable: false, next: 'start it again: fairlead sync app/NAME' },
  OPERATION_SUPERSEDED: { exit: 5, retryable: true, next: 'nothing: the newer commit is synced instead' },
  AUTO_SYNC_ON: { exit: 5, retryable: false, next: 'suspend automated sync first, or revert the commit in Git' },
  NOTHING_TO_CONFIRM: { exit: 5, retryable: false, next: 'see what the operation waits for: fairlead describe app/NAME' },
  DELETION_BUDGET: { exit: 5, retryable: false, next: 'look at the list and confirm: fairlead confirm app/NAME' },
  SYNC_WOULD_EMPTY: {
    exit: 5,
    retryable: false,
    next: 'set syncPolicy.automated.allowEmpty, or sync by hand: fairlead sync app/NAME --prune',
  },
  SYNC_REFUSED: { exit: 1, retryable: false, next: 'correct the manifest named and push again; nothing was applied' },
  SYNC_APPLY_FAILED: { exit: 1, retryable: true, next: 'see the object: fairlead describe app/NAME' },
  SYNC_DEGRADED: { exit: 1, retryable: true, next: 'see the object: fairlead tree app/NAME' },
  SYNC_HOOK_FAILED: { exit: 1, retryable: true, next: 'see the hook: fairlead tree app/NAME' },
  SYNC_WAVE_TIMEOUT: { exit: 1, retryable: true, next: 'see what it waited for: fairlead describe app/NAME' },
  SYNC_BLOCKED: { exit: 1, retryable: true, next: 'mend the application it waited for; this one then goes on by itself' },
  WORKFLOW_FAILED: { exit: 2, retryable: true, next: 'read the worker log; the operation starts again at the step the ledger shows' },
  // agents and clusters
  AGENT_UNREACHABLE: { exit: 9, retryable: true, next: 'check the agent of this cluster: fairlead describe cluster/NAME' },
  AGENT_REFUSED: { exit: 6, retryable: false, next: "compare the command with the agent's own allow-list" },
  COMMAND_INVALID: { exit: 6, retryable: false, next: 'check that hub and agent share keys and clocks' },
  REPORT_REFUSED: { exit: 6, retryable: false, next: 'look at the agent of this cluster: revoke it if it is not yours' },
  JOIN_REFUSED: {
    exit: 3,
    retryable: false,
    next: 'give the cluster a new token: NAME.token in the folder FAIRLEAD_JOIN_DIR of ingest, which reads it at its start',
  },
  KUBERNETES_UNREACHABLE: { exit: 9, retryable: true, next: 'check the API server that the agent stands beside' },
  KUBERNETES_REFUSED: { exit: 1, retryable: false, next: "read the API server's message" },
  // ledger
  LEDGER_UNAVAILABLE: { exit: 9, retryable: true, next: 'check Postgres; nothing was lost, callers try again' },
  LEDGER_CONFLICT: { exit: 5, retryable: true, next: 'read the stream again and decide again' },
  LEDGER_EVENT_INVALID: { exit: 2, retryable: false, next: 'correct the event or register its version' },
  LEDGER_TAMPERED: {
    exit: 1,
    retryable: false,
    next: 'stop writing, keep the database as it is, compare with the last external checkpoint',
  },
  BLOB_NOT_FOUND: { exit: 4, retryable: false, next: 'render the application again: fairlead refresh --hard app/NAME' },
  PROJECTION_BEHIND: { exit: 7, retryable: true, next: 'read again in a moment' },
  // edges
  UNAUTHENTICATED: { exit: 3, retryable: false, next: 'log in, or pass a token: FAIRLEAD_TOKEN' },
  FORBIDDEN: { exit: 3, retryable: false, next: 'ask for the role named in the message' },
  BAD_USER_INPUT: { exit: 2, retryable: false, next: 'correct the argument named in the message' },
  NOT_FOUND: { exit: 4, retryable: false, next: 'check the name' },
  TIMEOUT: { exit: 7, retryable: true, next: 'the operation goes on; wait longer or look: fairlead get apps' },
  SERVER_UNREACHABLE: { exit: 9, retryable: true, next: 'start the hub (npm start) or set FAIRLEAD_URL' },
  PROGRAM_FAILED: { exit: 2, retryable: true, next: 'read its log in the data folder; npm run doctor shows which programs are used' },
  TOOL_MISSING: { exit: 2, retryable: false, next: 'run npm run doctor' },
  INTERNAL: { exit: 2, retryable: true, next: 'report it with the trace id' },
} as const satisfies Record<string, CodeEntry>

export type ErrorCode = keyof typeof errorCodes
