import * as grpc from '@grpc/grpc-js';
import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import type { Mode } from '@understudy/examples/common/mode.js';

type ClientConstructor<Client> = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => Client;

/**
 * A client of a replicated service, or of a bare one. With a bare one nothing of replication is loaded: its process is
 * what a user's is without it.
 *
 * @param mode undefined: nothing stands in for the service
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
