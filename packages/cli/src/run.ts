import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { failureOf } from './failure.js';
import { type ForceOptions, forceCommand } from './force-command.js';
import { addSourceOptions, type SourceOptions, sourceOf } from './source.js';
import { type StatusOptions, statusCommand } from './status-command.js';

/** Where the command writes. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const EXIT_CODES = `
Exit codes: 0 done, 1 refused or failed (one line on standard error, which
begins with an UNDERSTUDY_ code), 2 wrong usage.`;

/**
 * Runs the command.
 *
 * @param args without the names of node and of the command
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong usage
 */
export async function run(args: readonly string[], output: Output): Promise<number> {
  let exitCode = 0;
  const program = new Command('understudy');
  // Set before the commands are made, which take it over.
  program
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .showSuggestionAfterError(false)
    .description('Shows groups of replicas and, on an operator’s word, changes them.')
    .version(version())
    .addHelpText('afterAll', EXIT_CODES);
  addSourceOptions(program.command('status'))
    .description('Show the record of each group and which replicas run.')
    .option('--group <name>', 'only this group')
    .option('--json', 'as JSON')
    .action(async (options: StatusOptions & SourceOptions) => {
      exitCode = await statusCommand(sourceOf(options), options, output);
    });
  addSourceOptions(program.command('force'))
    .description(
      'Make a running replica the only one in sync and the primary, when all that were in sync are gone. ' +
        'Calls that only they held are lost.',
    )
    .requiredOption('--group <name>', 'the group')
    .requiredOption('--replica <id>', 'the replica whose state is to be the truth')
    .option('--yes', 'do it; without this, only say what it means')
    .option('--yes-even-though-others-run', 'do it although a replica runs that holds everything')
    .action(async (options: ForceOptions & SourceOptions) => {
      exitCode = await forceCommand(sourceOf(options), options, output);
    });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already said what is wrong; for help and version nothing is.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    output.err(`${failureOf(error).message}\n`);
    return 1;
  }
}

function version(): string {
  const text = readFileSync(join(__dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
