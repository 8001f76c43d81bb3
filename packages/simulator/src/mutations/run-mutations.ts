import { readMarkers } from './builds.js';
import type { Changed } from './cores.js';
import { type Mutation, settingOf } from './mutation.js';
import { equipment, Player, type SeedViolation } from './play.js';
import type { SeedBatch } from './player.js';
import type { Setting } from './setting.js';

/** How many processes play at a time. */
const PLAYERS = 2;

export interface MutationOptions {
  readonly mutations: readonly Mutation[];
  /** Seeds 1 to this one are played, until one shows that the rule is missing. */
  readonly bound: number | ((mutation: Mutation) => number);
  /** A seed that showed the lack before. It is played first: if it still does, no other seed is needed. */
  readonly witness?: (mutation: Mutation) => number | undefined;
  /** Called whenever a rule is done, in no order. */
  readonly onFinding?: (finding: Finding) => void;
}

/** The simulator's verdict on a core that lacks a rule. */
export interface Finding {
  readonly rule: string;
  /** The most seeds that were played. */
  readonly bound: number;
  /** The setting of every run. */
  readonly setting: Setting;
  /** A seed that breaks a promise without the rule, and keeps all of them with it. */
  readonly violation: SeedViolation | undefined;
}

/**
 * Takes each rule out of the compiled core and plays seeds on it until the simulator notices. This proves that the
 * simulator would find the mistake of an engineer who breaks the rule.
 */
export async function runMutations({ mutations, bound, witness, onFinding }: MutationOptions): Promise<Finding[]> {
  const markers = readMarkers();
  const tools = equipment();
  const players = Array.from({ length: PLAYERS }, () => new Player(tools));
  const endPlayers = () => {
    for (const player of players) player.end();
  };
  process.once('exit', endPlayers);
  try {
    const untouched = new Untouched();
    await untouched.play(
      players,
      mutations.flatMap((mutation) => {
        const seed = witness?.(mutation);
        return seed === undefined ? [] : { first: seed, last: seed, setting: settingOf(mutation) };
      }),
    );
    return await mapSome(mutations, players, async (mutation, player) => {
      const setting = settingOf(mutation);
      const upTo = typeof bound === 'number' ? bound : bound(mutation);
      const core = { player, changed: Object.fromEntries(markers.takeOut(mutation)) };
      const seen = await violationAt(core, witness?.(mutation), untouched, setting);
      const violation = seen ?? (await firstViolation(core, upTo, untouched, setting));
      const finding = { rule: mutation.rule, bound: upTo, setting, violation };
      onFinding?.(finding);
      return finding;
    });
  } finally {
    process.off('exit', endPlayers);
    endPlayers();
  }
}

/** A core without a rule, and the player that plays on it. */
interface Mutant {
  readonly player: Player;
  readonly changed: Changed;
}

async function violationAt(
  { player, changed }: Mutant,
  seed: number | undefined,
  untouched: Untouched,
  setting: Setting,
): Promise<SeedViolation | undefined> {
  if (seed === undefined) return undefined;
  const violation = await player.play(changed, [{ first: seed, last: seed, setting }]);
  return violation !== undefined && (await untouched.passes(player, seed, setting)) ? violation : undefined;
}

/** Finds the first violation. A seed counts only if the complete core keeps every promise in it. */
async function firstViolation(
  { player, changed }: Mutant,
  last: number,
  untouched: Untouched,
  setting: Setting,
): Promise<SeedViolation | undefined> {
  for (let first = 1; first <= last; ) {
    const violation = await player.play(changed, [{ first, last, setting }]);
    if (violation === undefined || (await untouched.passes(player, violation.seed, setting))) return violation;
    first = violation.seed + 1;
  }
  return undefined;
}

/** The complete core, which plays each seed once. */
class Untouched {
  readonly #passes = new Map<string, Promise<boolean>>();

  /** Plays seeds in one job of each player, which takes far less time than a job for each seed. */
  async play(players: readonly Player[], batches: readonly SeedBatch[]): Promise<void> {
    await Promise.all(
      players.map(async (player, nth) => {
        const part = batches.filter((_, i) => i % players.length === nth);
        if ((await player.play({}, part)) !== undefined) return;
        for (const { first, last, setting } of part)
          for (let seed = first; seed <= last; seed++) this.#passes.set(runOf(seed, setting), Promise.resolve(true));
      }),
    );
  }

  passes(player: Player, seed: number, setting: Setting): Promise<boolean> {
    const run = runOf(seed, setting);
    const known =
      this.#passes.get(run) ??
      player.play({}, [{ first: seed, last: seed, setting }]).then((violation) => violation === undefined);
    this.#passes.set(run, known);
    return known;
  }
}

const runOf = (seed: number, setting: Setting): string => `${seed} ${setting}`;

/** @returns the results in the order of the items; each player takes one item at a time */
async function mapSome<T, R>(
  items: readonly T[],
  players: readonly Player[],
  map: (item: T, player: Player) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const work = async (player: Player) => {
    for (const [i, item] of left) results[i] = await map(item, player);
  };
  await Promise.all(players.map(work));
  return results;
}
