/** The command line: its commands, their options, and the exit code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, CommanderError } from 'commander';
import { type ForceOptions, forceCommand } from './change/force-command.js';
import {
  addCommand,
  type MemberOptions,
  type ReplaceOptions,
  removeCommand,
  replaceCommand,
  restoreCommand,
} from './change/members-command.js';
import { type StepDownOptions, stepDownCommand } from './change/step-down-command.js';
import { failureOf } from './common/failure.js';
import { addIdentityOptions, type IdentityOptions, identityOf } from './common/identity.js';
import type { JsonOption, Output } from './common/output.js';
import { addSourceOptions, type SourceOptions, sourceOf } from './common/source.js';
import { completionFor, SHELLS, type Shell } from './completion/completion.js';
import { type DoctorOptions, doctorCommand } from './doctor/doctor-command.js';
import { type FollowCommandOptions, logCommand, watchCommand } from './show/follow-commands.js';
import { type StatusOptions, statusCommand } from './show/status-command.js';

const EXIT_CODES = `
Exit codes: 0 done, 1 refused or failed (one line on standard error, which
begins with an UNDERSTUDY_ code) or something is wrong (doctor), 2 wrong usage.`;

/** Options of every command that talks to replicas. */
type Common = SourceOptions & IdentityOptions & JsonOption;

/**
 * Runs the command.
 *
 * @param args without the names of node and of the command
 * @param signal ends `watch` and `log`, as SIGINT does
 * @returns the exit code: 0 done; 1 refused, failed, or something is wrong; 2 wrong usage
 */
export async function run(args: readonly string[], output: Output, signal?: AbortSignal): Promise<number> {
  let exitCode = 0;
  let json = false;
  const program = programFor(output);
  program.hook('preAction', (_program, action) => {
    json = action.opts<JsonOption>().json === true;
  });
  const on = <T>(command: Command, act: (options: T & Common) => Promise<number>): void => {
    command.option('--json', 'as JSON').action(async (options: T & Common) => {
      exitCode = await act(options);
    });
  };
  addShowing(program, on, output, signal);
  addChanges(program, on, output);
  program
    .command('completion')
    .description('Print a script by which a shell completes this command: source <(understudy completion bash)')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .action((shell: Shell) => output.out(completionFor(shell, program)));
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already printed what is wrong, or the help or the version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure = failureOf(error);
    if (json) output.out(`${JSON.stringify({ error: failure })}\n`);
    output.err(`${failure.message}\n`);
    return 1;
  }
}

function programFor(output: Output): Command {
  const program = new Command('understudy');
  // Set this first: commands take it over when they are created.
  program
    .exitOverride()
    .configureOutput({
      writeOut: output.out,
      writeErr: output.err,
      // One line says what is wrong, which command was probably meant, and where the help is.
      outputError: (text, write) => {
        if (text.startsWith('error:')) write(`${text.trim().replace(/\s*\n\s*/g, ' ')}; see understudy --help\n`);
        else write(text);
      },
    })
    .description('Shows groups of replicas, and changes them when an operator says so.')
    .version(version())
    .addHelpText('afterAll', EXIT_CODES);
  return program;
}

type On = <T>(command: Command, act: (options: T & Common) => Promise<number>) => void;

function addShowing(program: Command, on: On, output: Output, signal: AbortSignal | undefined): void {
  const command = (name: string, description: string): Command =>
    addIdentityOptions(addSourceOptions(program.command(name).description(description))).option(
      '--group <name>',
      'only this group',
    );
  const status = command('status', 'Show the record of each group, and what the replicas that run say of themselves.')
    .option('--wide', 'lives and addresses, too')
    .option('--record-only', 'ask the coordinator alone, and no replica');
  on<StatusOptions>(status, (options) => statusCommand(sourceOf(options), options, identityOf(options), output));
  const following = (name: string, description: string): Command =>
    command(name, description).option('--interval <seconds>', 'how often to look (default: 1)');
  const watch = following('watch', 'Show the status until Ctrl-C; in a file or a pipe, a line for each change.');
  on<FollowCommandOptions>(watch.option('--wide', 'lives and addresses, too'), (options) =>
    watchCommand(sourceOf(options), options, identityOf(options), output, signal),
  );
  const log = following('log', 'Print a line for everything that happens to the groups, until Ctrl-C.');
  on<FollowCommandOptions>(log, (options) =>
    logCommand(sourceOf(options), options, identityOf(options), output, signal),
  );
  const doctor = command(
    'doctor',
    'Look at everything that goes wrong (coordinator, record, names, ports, TLS, secret, clocks, versions, settings, ' +
      'heartbeats) from this machine, and say what to do.',
  );
  on<DoctorOptions>(doctor, (options) => doctorCommand(sourceOf(options), options, identityOf(options), output));
}

function addChanges(program: Command, on: On, output: Output): void {
  const command = (name: string, replica: string): Command =>
    addSourceOptions(program.command(name))
      .requiredOption('--group <name>', 'the group')
      .requiredOption('--replica <id>', replica);
  const force = command('force', 'the replica whose state is to be the truth')
    .description(
      'Make a running replica the primary and the only one in sync, when all replicas that were in sync are gone. ' +
        'Calls that only those held are lost.',
    )
    .option('--yes', 'do it; without this option, only explain the consequences')
    .option('--yes-even-though-others-run', 'do it although a replica that holds everything runs');
  on<ForceOptions>(force, (options) => forceCommand(sourceOf(options), options, output));
  const stepDown = addIdentityOptions(command('stepdown', 'the replica that is to step down'))
    .alias('step-down')
    .description('Make a running replica hand over to another and stop serving, as SIGTERM does.');
  on<StepDownOptions>(stepDown, (options) => stepDownCommand(sourceOf(options), options, identityOf(options), output));
  const member = (name: string, replica: string, description: string): Command =>
    addIdentityOptions(command(name, replica))
      .description(description)
      .option('--timeout <seconds>', 'how long to wait at most (default: 60)');
  on<MemberOptions>(member('add', 'the new replica', 'Wait until a replica that was started is in sync.'), (options) =>
    addCommand(sourceOf(options), options, identityOf(options), output),
  );
  const remove = member(
    'remove',
    'the replica that is gone for good',
    'Take a replica that does not run out of the record, so that nobody dials it any more.',
  );
  on<MemberOptions>(remove, (options) => removeCommand(sourceOf(options), options, identityOf(options), output));
  const replace = member(
    'replace',
    'the replica that leaves',
    'Wait until a new replica is in sync, then have the old one step down, and remove it.',
  ).requiredOption('--by <id>', 'the new replica, which was started');
  on<ReplaceOptions>(replace, (options) => replaceCommand(sourceOf(options), options, identityOf(options), output));
  const restore = member(
    'restore',
    'the replica that knows the newest record',
    "Have a replica put the group's record back that was deleted or rolled back, where no primary does so. Choose the " +
      'replica that served last, or that knows the record of the highest epoch.',
  );
  on<MemberOptions>(restore, (options) => restoreCommand(sourceOf(options), options, identityOf(options), output));
}

function version(): string {
  const text = readFileSync(join(__dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
