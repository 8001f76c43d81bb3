import type { Bare } from '@understudy/examples/common/hosted.js';
import { serveBare } from '@understudy/examples/common/serve-bare.js';
import { endWithParent, tellParent } from './parent.js';

/** What a server's process tells the one that started it. */
export interface Listening {
  readonly kind: 'listening';
  readonly address: string;
}

/** Runs a service without replication as the command line says, and reports to the process that started this one. */
export async function runBare<Own extends object>(bare: Bare<Own>): Promise<void> {
  endWithParent();
  tellParent({ kind: 'listening', address: await serveBare(bare) } satisfies Listening);
}
