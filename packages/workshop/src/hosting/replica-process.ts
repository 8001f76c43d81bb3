/** Runs a replica in a process that another one started. */
import type { ReplicaStatus } from '@understudy/core';
import { CLAIMS } from '@understudy/core/internal';
import type { Hosted } from '@understudy/examples/common/hosted.js';
import { serve } from '@understudy/examples/common/serve.js';
import { monotonicMs } from './clock.js';
import { memoryInUse } from './memory.js';
import { endWithParent, tellParent } from './parent.js';
import type { ReportCommand, ServerMessage } from './server-messages.js';
import { reportChanges } from './status-reports.js';

/** Runs one replica until the parent process is gone, and reports its status. The command line gives its options. */
export async function runReplica<Own extends object>(hosted: Hosted<Own>): Promise<void> {
  endWithParent();
  const tell = (message: ServerMessage): void => tellParent(message);
  const tellStatus = (status: ReplicaStatus): void => tell({ kind: 'status', atMs: monotonicMs(), status });
  let statusOf: (() => ReplicaStatus) | undefined;
  const address = await serve(hosted, {
    logger: (logger) => ({
      log(level, event, fields) {
        if (event === CLAIMS) tell({ kind: 'claims', atMs: monotonicMs() });
        logger.log(level, event, fields);
      },
    }),
    made(replica) {
      statusOf = () => replica.status;
      replica.on('role', tellStatus);
    },
  });
  const status = statusOf;
  if (status === undefined) throw new Error('serve() returned without making a replica');
  tell({ kind: 'listening', address });
  process.on('message', async ({ kind }: ReportCommand) => {
    if (kind !== 'report') return;
    const memory = await memoryInUse();
    tell({ kind, status: status(), audit: hosted.state.audit(), memory });
  });
  reportChanges(status, tellStatus);
}
