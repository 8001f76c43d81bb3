import { Command } from 'commander';
import { type Listening, startBareServer } from './bare.js';
import { endWithParent, tellParent } from './parent.js';

const command = new Command('bare-server')
  .description('Serves one bank that dies with its process.')
  .option('--address <host:port>', 'where to listen; port 0 takes a free one', '127.0.0.1:0')
  .parse();
endWithParent();
const { address } = await startBareServer(command.opts<{ address: string }>().address);
tellParent({ kind: 'listening', address } satisfies Listening);
if (!process.connected) console.log(`the bank listens on ${address}`);
