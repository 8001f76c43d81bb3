/** Connects to a replicated bank. It is a module of its own, so that the client of a bare bank loads no replication. */
import * as grpc from '@grpc/grpc-js';
import { replicated } from '@understudy/client';
import type { Logger } from '@understudy/core';
import { BankClient } from '@understudy/examples/bank/proto.js';
import { bankServiceConfig } from '@understudy/examples/bank/service-config.js';
import type { Mode } from '@understudy/examples/common/mode.js';

/** @param target names all replicas: `understudy:///host:port,host:port` */
export function connectReplicated(target: string, mode: Mode, logger: Logger): BankClient {
  const options = replicated({ serviceConfig: bankServiceConfig(mode), logger });
  return new BankClient(target, grpc.credentials.createInsecure(), options);
}
