/** Connects the examples' clients to replicas. */
import * as grpc from '@grpc/grpc-js';
import { replicated, type UnderstudyServiceConfig, understudyClient } from '@understudy/client';
import { Command } from 'commander';
import type { Mode } from './mode.js';
import { addModeOptions, modeOf } from './mode-options.js';

type ClientConstructor<Client> = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => Client;

/** A client that is connected, and its command line. */
export interface Connected<Client> {
  readonly client: Client;
  /** The words of the command line that are not options. */
  readonly args: readonly string[];
  /** @returns the primary's address, for a line on the terminal */
  readonly primary: () => string;
}

/**
 * Connects to a replicated service as the command line of this process says.
 *
 * @param firstPort port of the first of three replicas, which listen at successive ports; `--target` overrides it
 * @param does one sentence that says what the client does, for the help
 */
export function connect<Client extends grpc.Client>(
  Client: ClientConstructor<Client>,
  serviceConfig: (mode: Mode) => UnderstudyServiceConfig,
  firstPort: number,
  does: string,
): Connected<Client> {
  const addresses = [0, 1, 2].map((index) => `127.0.0.1:${firstPort + index}`);
  const command = addModeOptions(
    new Command('client')
      .description(does)
      .argument('[words...]')
      .option('--target <target>', 'addresses of all replicas', `understudy:///${addresses.join()}`),
  ).parse();
  const options = command.opts<Mode & { readonly target: string }>();
  const replication = replicated({ serviceConfig: serviceConfig(modeOf(options)) });
  const client = new Client(options.target, grpc.credentials.createInsecure(), replication);
  return { client, args: command.args, primary: () => understudyClient(client).status().primary ?? 'nobody' };
}
