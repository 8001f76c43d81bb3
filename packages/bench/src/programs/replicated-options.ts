/** The only code of ours that the client process loads. A client of the bare service does not load it. */
import type { Client, ClientOptions } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { type Mode, serviceConfigOf } from '../service/service-config.js';
import { jsonLogger } from './json-logger.js';

export const replicatedOptions = (mode: Mode): ClientOptions =>
  replicated({ serviceConfig: serviceConfigOf(mode), logger: jsonLogger });

/** The newest term that a client knows. */
export const termOf = (client: Client): number => understudyClient(client).status().term;
