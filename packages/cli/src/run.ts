/** The command line: its commands, their options, and the exit code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { failureOf } from './failure.js';
import { type ForceOptions, forceCommand } from './force-command.js';
import { addIdentityOptions, type IdentityOptions, identityOf } from './identity.js';
import {
  addCommand,
  type MemberOptions,
  type ReplaceOptions,
  removeCommand,
  replaceCommand,
  restoreCommand,
} from './members-command.js';
import type { Output } from './output.js';
import { addSourceOptions, type SourceOptions, sourceOf } from './source.js';
import { type StatusOptions, statusCommand } from './status-command.js';
import { type StepDownOptions, stepDownCommand } from './step-down-command.js';

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
  // Set this first: commands take it over when they are created.
  program
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .showSuggestionAfterError(false)
    .description('Shows groups of replicas, and changes them when an operator says so.')
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
      'Make a running replica the primary and the only one in sync, when all replicas that were in sync are gone. ' +
        'Calls that only those held are lost.',
    )
    .requiredOption('--group <name>', 'the group')
    .requiredOption('--replica <id>', 'the replica whose state is to be the truth')
    .option('--yes', 'do it; without this option, only explain the consequences')
    .option('--yes-even-though-others-run', 'do it although a replica that holds everything runs')
    .action(async (options: ForceOptions & SourceOptions) => {
      exitCode = await forceCommand(sourceOf(options), options, output);
    });
  addIdentityOptions(addSourceOptions(program.command('stepdown')))
    .description('Make a running replica hand over to another and stop serving, as SIGTERM does.')
    .requiredOption('--group <name>', 'the group')
    .requiredOption('--replica <id>', 'the replica that is to step down')
    .action(async (options: StepDownOptions & SourceOptions & IdentityOptions) => {
      exitCode = await stepDownCommand(sourceOf(options), options, identityOf(options), output);
    });
  type Members = MemberOptions & SourceOptions & IdentityOptions;
  const timeout = ['--timeout <seconds>', 'how long to wait at most (default: 60)'] as const;
  addIdentityOptions(addSourceOptions(program.command('add')))
    .description('Wait until a replica that was started is in sync.')
    .requiredOption('--group <name>', 'the group')
    .requiredOption('--replica <id>', 'the new replica')
    .option(...timeout)
    .action(async (options: Members) => {
      exitCode = await addCommand(sourceOf(options), options, identityOf(options), output);
    });
  addIdentityOptions(addSourceOptions(program.command('remove')))
    .description('Take a replica that does not run out of the record, so that nobody dials it any more.')
    .requiredOption('--group <name>', 'the group')
    .requiredOption('--replica <id>', 'the replica that is gone for good')
    .option(...timeout)
    .action(async (options: Members) => {
      exitCode = await removeCommand(sourceOf(options), options, identityOf(options), output);
    });
  addIdentityOptions(addSourceOptions(program.command('replace')))
    .description('Wait until a new replica is in sync, then have the old one step down, and remove it.')
    .requiredOption('--group <name>', 'the group')
    .requiredOption('--replica <id>', 'the replica that leaves')
    .requiredOption('--by <id>', 'the new replica, which was started')
    .option(...timeout)
    .action(async (options: Members & ReplaceOptions) => {
      exitCode = await replaceCommand(sourceOf(options), options, identityOf(options), output);
    });
  addIdentityOptions(addSourceOptions(program.command('restore')))
    .description(
      "Have a replica put the group's record back that was deleted or rolled back, where no primary does so. Choose the " +
        'replica that served last, or that knows the record of the highest epoch.',
    )
    .requiredOption('--group <name>', 'the group')
    .requiredOption('--replica <id>', 'the replica that knows the newest record')
    .action(async (options: Members) => {
      exitCode = await restoreCommand(sourceOf(options), options, identityOf(options), output);
    });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed what is wrong, or the help or version that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    output.err(`${failureOf(error).message}\n`);
    return 1;
  }
}

function version(): string {
  const text = readFileSync(join(__dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
