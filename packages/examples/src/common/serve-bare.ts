import { Command } from 'commander';
import { startBare } from './bare.js';
import type { Bare } from './hosted.js';

/**
 * Serves a service without replication until the process ends. The command line gives its options.
 *
 * @returns resolves with the address when the server listens
 */
export async function serveBare<Own extends object>({
  what,
  addOptions = (command) => command,
  addTo,
}: Bare<Own>): Promise<string> {
  const command = new Command('bare-server')
    .description(`Serves a ${what} without replication; it dies with this process.`)
    .option('--address <host:port>', 'where to listen; port 0 takes a free one', '127.0.0.1:0');
  const options = addOptions(command).parse().opts<{ readonly address: string } & Own>();
  const { address } = await startBare(options.address, (server) => addTo(server, options));
  return address;
}
