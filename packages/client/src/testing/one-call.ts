/** A program that makes one call, or as many as its argument says, and returns. It must then exit by itself. */
import { replicated } from '../setup/replicated.js';
import { ask, connectTo, serviceConfig } from './echo.js';

const [target = '', calls = '1'] = process.argv.slice(2);
const client = connectTo(target, replicated({ serviceConfig }));
async function main(): Promise<void> {
  for (let i = 0; i < Number(calls); i++) {
    const { value, error } = await ask(client, `call ${i}`);
    process.stdout.write(`${error === null ? value : `failed: ${error.message}`}\n`);
  }
}

main();
