import { credentials } from '@grpc/grpc-js';
import { registerUnderstudy } from '@understudy/client';
import { BankClient } from '@understudy/examples/bank/proto.js';
import { bankServiceConfig } from '@understudy/examples/bank/service-config.js';
import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import type { Mode } from '@understudy/examples/common/mode.js';
import { connectReplicated } from '../bank/connect-replicated.js';

/** `interceptor`: nobody notices a failover. `routed`: our resolver and policy only. `keyed`: these, and retries under a key. */
export const KINDS = ['interceptor', 'routed', 'keyed'] as const;
export type Kind = (typeof KINDS)[number];

/** What a call with a key may be repeated for: a refusal by a backup, and a connection that broke. */
const RETRY_POLICY = {
  maxAttempts: 5,
  initialBackoff: '0.1s',
  maxBackoff: '1s',
  backoffMultiplier: 2,
  retryableStatusCodes: ['ABORTED', 'UNAVAILABLE'],
};

export function connect(target: string, mode: Mode, kind: Kind): BankClient {
  if (kind === 'interceptor') return connectReplicated(target, mode, jsonLogger(['warn', 'error']));
  registerUnderstudy();
  const retries = kind === 'keyed' && {
    methodConfig: [{ name: [{ service: 'bank.v1.Bank' }], retryPolicy: RETRY_POLICY }],
  };
  const config = { ...bankServiceConfig(mode), ...retries };
  return new BankClient(target, credentials.createInsecure(), { 'grpc.service_config': JSON.stringify(config) });
}
