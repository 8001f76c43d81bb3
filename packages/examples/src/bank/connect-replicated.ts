import * as grpc from '@grpc/grpc-js';
import { replicated } from '@understudy/client';
import type { Logger } from '@understudy/core';
import type { Mode } from '../hosting/mode.js';
import { BankClient } from './proto.js';
import { bankServiceConfig } from './service-config.js';

/** A client of a replicated bank. `target` names all replicas: `understudy:///host:port,host:port`. */
export function connectReplicated(target: string, mode: Mode, logger: Logger): BankClient {
  const options = replicated({ serviceConfig: bankServiceConfig(mode), logger });
  return new BankClient(target, grpc.credentials.createInsecure(), options);
}
