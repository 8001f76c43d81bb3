import type * as grpc from '@grpc/grpc-js';
import { Command } from 'commander';
import { startBare } from './bare.js';
import { endWithParent, tellParent } from './parent.js';

/** What a server's process tells the one that started it. */
export interface Listening {
  readonly kind: 'listening';
  readonly address: string;
}

/**
 * Runs a server that nothing stands in for: reads the command line of this process and serves until it ends.
 *
 * @param what is served, for the help and a line on the terminal: 'bank'
 * @param addOptions adds options of this service's own, which `addTo` is given
 */
export async function runBare<Own extends object>(
  what: string,
  addTo: (server: grpc.Server, options: Own) => void,
  addOptions = (command: Command): Command => command,
): Promise<void> {
  const command = new Command('bare-server')
    .description(`Serves one ${what} that dies with its process.`)
    .option('--address <host:port>', 'where to listen; port 0 takes a free one', '127.0.0.1:0');
  const options = addOptions(command).parse().opts<{ readonly address: string } & Own>();
  endWithParent();
  const { address } = await startBare(options.address, (server) => addTo(server, options));
  tellParent({ kind: 'listening', address } satisfies Listening);
  if (!process.connected) console.log(`the ${what} listens on ${address}`);
}
