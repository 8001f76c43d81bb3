/** Connects a client to a service, replicated or not. */
import * as grpc from '@grpc/grpc-js';
import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import type { Mode } from '@understudy/examples/common/mode.js';

type ClientConstructor<Client> = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => Client;

/**
 * Connects to a service. The client of a bare service loads no replication, so that its process equals that of a user
 * without Understudy.
 *
 * @param mode undefined if the service is not replicated
 */
export async function connect<Client>(
  Client: ClientConstructor<Client>,
  serviceConfig: (mode: Mode) => object,
  target: string,
  mode: Mode | undefined,
): Promise<Client> {
  const credentials = grpc.credentials.createInsecure();
  if (mode === undefined) return new Client(target, credentials);
  const { replicated } = await import('@understudy/client');
  return new Client(target, credentials, replicated({ serviceConfig: serviceConfig(mode), logger: jsonLogger() }));
}
