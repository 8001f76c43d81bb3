/** Has a hostile client attack a group that serves honest ones. */

import type { Mode } from '@understudy/examples/common/mode.js';
import { addModeOptions, modeOf, wholeNumberOf } from '@understudy/examples/common/mode-options.js';
import { Command, InvalidArgumentError } from 'commander';
import { EXIT_BAD_INPUT } from '../../demo/command/options.js';
import { interruption } from '../../demo/stage/interruption.js';
import { Interrupted } from '../../demo/stage/stage.js';
import { ATTACKS } from '../attacks.js';
import type { AttackName } from '../messages.js';
import { hostileReport } from '../report.js';
import { runHostile } from '../run.js';

const EXIT_VIOLATION = 1;
const EXIT_INTERRUPTED = 130;
/** How long the group may take to start and to recover, seconds. */
const REST_S = 120;
const SEED_MAX = 999_999_999;

interface HostileArguments extends Mode {
  readonly seconds: number;
  readonly honest: number;
  readonly seed?: number;
  readonly only: readonly AttackName[];
}

const NAMES = Object.keys(ATTACKS) as AttackName[];

function attacksOf(text: string): readonly AttackName[] {
  const names = text.split(',');
  const unknown = names.find((name) => !Object.hasOwn(ATTACKS, name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no attack ${unknown}.`);
  return names as AttackName[];
}

const options = addModeOptions(
  new Command('hostile')
    .description(
      'Starts three replicas, honest clients, and a client that attacks them at full speed in\n' +
        'several ways, one after the other. Ends with status 1 if an honest call fails, a replica\n' +
        'ends or takes more memory than its budgets give, or the group is not whole afterwards.',
    )
    .configureHelp({ helpWidth: 100 })
    .option('--seconds <s>', 'how long the attacks last in all', wholeNumberOf(1, 86_400), 90)
    .option(
      '--honest <n>',
      'how many honest clients call meanwhile, one call at a time each',
      wholeNumberOf(1, 100),
      10,
    )
    .option('--only <attacks>', `some of ${NAMES.join()} (default: all)`, attacksOf, NAMES)
    .option('--seed <n>', 'seed of the frames in any order (default: random)', wholeNumberOf(0, SEED_MAX)),
)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_BAD_INPUT))
  .parse(process.argv)
  .opts<HostileArguments>();
const { only, seconds, honest, seed = Math.floor(Math.random() * SEED_MAX) } = options;

console.log(`${seconds} s of attacks from seed ${seed}, beside ${honest} honest clients\n`);
try {
  const outcome = await runHostile({
    attacks: only,
    seconds,
    honest,
    seed,
    mode: modeOf(options),
    timeoutS: seconds + REST_S,
    interrupt: interruption(),
    onAttack: (attack) => console.log(`  ${attack} …`),
  });
  console.log(`\n${hostileReport(outcome)}`);
  if (outcome.violations.length > 0) process.exitCode = EXIT_VIOLATION;
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  process.exitCode = EXIT_INTERRUPTED;
}
