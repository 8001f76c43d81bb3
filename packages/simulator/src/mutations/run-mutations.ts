import { Builds } from './builds.js';
import { type Mutation, settingOf } from './mutation.js';
import { play, type SeedViolation } from './play.js';
import type { SeedBatch } from './player.js';
import type { Setting } from './setting.js';

/** So many programs play at a time. */
const PLAYERS = 2;
const UNTOUCHED: Mutation = { rule: 'none', without: {} };

export interface MutationOptions {
  readonly mutations: readonly Mutation[];
  /** Seeds 1 to this one are played, until one shows that the rule is missing. */
  readonly bound: number | ((mutation: Mutation) => number);
  /** A seed that showed it once. It is played first: if it still does, no other need be played. */
  readonly witness?: (mutation: Mutation) => number | undefined;
  /** Called whenever a rule is done, in no order. */
  readonly onFinding?: (finding: Finding) => void;
}

/** The simulator's verdict on a core that lacks a rule. */
export interface Finding {
  readonly rule: string;
  /** Seeds that were played at most. */
  readonly bound: number;
  /** The setting of every run. */
  readonly setting: Setting;
  /** A seed that breaks a promise without the rule, and keeps all of them with it. */
  readonly violation: SeedViolation | undefined;
}

/**
 * Takes each rule out of a copy of the compiled core and plays seeds on it until the simulator notices: the proof that
 * the simulator would find the mistake of whoever breaks this rule.
 */
export async function runMutations({ mutations, bound, witness, onFinding }: MutationOptions): Promise<Finding[]> {
  const builds = new Builds();
  const removeBuilds = () => builds.remove();
  process.once('exit', removeBuilds);
  try {
    const untouched = new Untouched(builds.build(UNTOUCHED));
    await untouched.play(
      mutations.flatMap((mutation) => {
        const seed = witness?.(mutation);
        return seed === undefined ? [] : { first: seed, last: seed, setting: settingOf(mutation) };
      }),
    );
    return await mapSome(mutations, async (mutation) => {
      const setting = settingOf(mutation);
      const upTo = typeof bound === 'number' ? bound : bound(mutation);
      const program = builds.build(mutation);
      const seen = await violationAt(program, witness?.(mutation), untouched, setting);
      const violation = seen ?? (await firstViolation(program, upTo, untouched, setting));
      const finding = { rule: mutation.rule, bound: upTo, setting, violation };
      onFinding?.(finding);
      return finding;
    });
  } finally {
    process.off('exit', removeBuilds);
    removeBuilds();
  }
}

async function violationAt(
  program: string,
  seed: number | undefined,
  untouched: Untouched,
  setting: Setting,
): Promise<SeedViolation | undefined> {
  if (seed === undefined) return undefined;
  const violation = await play(program, [{ first: seed, last: seed, setting }]);
  return violation !== undefined && (await untouched.passes(seed, setting)) ? violation : undefined;
}

/** A seed shows something only if the core that lacks nothing keeps every promise in it. */
async function firstViolation(
  program: string,
  last: number,
  untouched: Untouched,
  setting: Setting,
): Promise<SeedViolation | undefined> {
  for (let first = 1; first <= last; ) {
    const violation = await play(program, [{ first, last, setting }]);
    if (violation === undefined || (await untouched.passes(violation.seed, setting))) return violation;
    first = violation.seed + 1;
  }
  return undefined;
}

/** The core that lacks nothing; plays each seed once. */
class Untouched {
  readonly #program: string;
  readonly #passes = new Map<string, Promise<boolean>>();

  constructor(program: string) {
    this.#program = program;
  }

  /** Plays seeds in one process, which takes far less time than a process for each. */
  async play(batches: readonly SeedBatch[]): Promise<void> {
    const violation = await play(this.#program, batches);
    if (violation !== undefined) return;
    for (const { first, last, setting } of batches)
      for (let seed = first; seed <= last; seed++) this.#passes.set(runOf(seed, setting), Promise.resolve(true));
  }

  passes(seed: number, setting: Setting): Promise<boolean> {
    const run = runOf(seed, setting);
    const known =
      this.#passes.get(run) ??
      play(this.#program, [{ first: seed, last: seed, setting }]).then((violation) => violation === undefined);
    this.#passes.set(run, known);
    return known;
  }
}

const runOf = (seed: number, setting: Setting): string => `${seed} ${setting}`;

/** @returns the results in the order of the items; a few items at a time */
async function mapSome<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const work = async () => {
    for (const [i, item] of left) results[i] = await map(item);
  };
  await Promise.all(Array.from({ length: PLAYERS }, work));
  return results;
}
