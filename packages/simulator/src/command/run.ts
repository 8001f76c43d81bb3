/** The simulator's command. */
import { CommanderError } from 'commander';
import { parseOptions } from './options.js';
import type { Output } from './output.js';
import { simulateMany } from './simulate-many.js';
import { simulateOne } from './simulate-one.js';

/**
 * Runs the command.
 *
 * @param args without the names of node and of the command
 * @returns the exit code
 */
export async function run(args: readonly string[], output: Output): Promise<number> {
  try {
    const options = parseOptions(args, output);
    return options.kind === 'one' ? simulateOne(options.one, output) : await simulateMany(options.many, output);
  } catch (error) {
    // Commander has already printed the mistake, or the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}
