/** Runs a service without replication in a process that another one started. */
import type { Bare } from '@understudy/examples/common/hosted.js';
import { serveBare } from '@understudy/examples/common/serve-bare.js';
import { endWithParent, tellParent } from './parent.js';

/** Sent to the parent process when the server listens. */
export interface Listening {
  readonly kind: 'listening';
  readonly address: string;
}

/** Serves until the parent process is gone. The command line gives the service's options. */
export async function runBare<Own extends object>(bare: Bare<Own>): Promise<void> {
  endWithParent();
  tellParent({ kind: 'listening', address: await serveBare(bare) } satisfies Listening);
}
