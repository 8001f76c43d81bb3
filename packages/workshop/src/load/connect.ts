/** The ways in which a load connects to a replicated bank. */
import { credentials } from '@grpc/grpc-js';
import { registerUnderstudy } from '@understudy/client';
import { BankClient } from '@understudy/examples/bank/proto.js';
import { bankServiceConfig } from '@understudy/examples/bank/service-config.js';
import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import type { Mode } from '@understudy/examples/common/mode.js';
import { connectReplicated } from '../bank/connect-replicated.js';

/**
 * `interceptor`: our interceptor hides failovers. `routed`: only our resolver and load-balancing policy. `keyed`: as
 * `routed`, with retries by grpc-js under an idempotency key.
 */
export const KINDS = ['interceptor', 'routed', 'keyed'] as const;
export type Kind = (typeof KINDS)[number];

/** A call with a key may be retried after a refusal by a backup (ABORTED) and a broken connection (UNAVAILABLE). */
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
