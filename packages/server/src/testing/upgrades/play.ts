/** Upgrades of a group under load, each drawn from a seed. */
import type { Build, Fleet } from './fleet.js';
import type { MixedLoad } from './mixed-load.js';

/** How the upgrade departs from replacing one replica after the other. */
type Course = 'plain' | 'back and again' | 'straggler' | 'newcomer' | 'crash';

/** One upgrade. */
export interface Upgrade {
  readonly seed: number;
  readonly ids: readonly string[];
  /** What is new, as bits. */
  readonly changes: number;
  readonly before: Build;
  readonly after: Build;
  readonly order: 'backups first' | 'the primary first' | 'any order';
  readonly course: Course;
  /** Whether replicas come back at new addresses. */
  readonly moves: boolean;
  /** How many replicas must be in sync at every moment. */
  readonly leastInSync: number;
}

/** Draws from a seed, by mulberry32 (Ettinger, 2017). */
class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  of<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)] as T;
  }

  chance(of: number): boolean {
    return this.next() < of;
  }

  shuffled<T>(all: readonly T[]): T[] {
    return all
      .map((each) => ({ each, at: this.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ each }) => each);
  }
}

const READS = [{ name: [{ service: 'test.Counter', method: 'Get' }], readOnly: true }];
const PARTICULAR = [{ name: [{ service: 'test.Counter', method: 'Add' }], release: 'acknowledged' }];

/** The values that a setting changes between. No lease is so short that a replica on a busy machine loses it. */
const SETTINGS: Readonly<Record<string, readonly unknown[]>> = {
  leaseMs: [2000, 3000, 5000],
  sessionMs: [6000, 15_000],
  release: ['concurrent', 'acknowledged'],
  multicast: ['direct', 'destination'],
  ordering: ['reception', 'sequence', 'priority', 'deadline', 'fair'],
  methods: [[], READS, PARTICULAR],
  budgets: [{}, { totalBytes: 128 * 1024 * 1024 }, { keyedBytes: 70_000 }],
  checkpointEvery: [20, 300, 4096],
  backlogMax: [200, 100_000],
  unstableMax: [16, 4096],
  queueMax: [99, 16_384],
  batchMs: [0, 1, 10],
};

const settingsOf = (draw: Draw): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(SETTINGS)
      .filter(() => draw.chance(0.4))
      .map(([name, values]) => [name, draw.of(values)]),
  );

const ORDERS = ['backups first', 'the primary first', 'any order'] as const;
const STYLES = ['semi-active', 'passive'] as const;
/** A handler that computes something else, a method more or less, other settings: each of them, and all. */
const HANDLER = 1;
const METHOD = 2;
const OTHERS = 4;
const CHANGES = [HANDLER, METHOD, OTHERS, HANDLER | METHOD | OTHERS] as const;
/** So many seeds in a row have each order with each change in each style. Of two in a row one is passive. */
export const CROSS = ORDERS.length * CHANGES.length * STYLES.length;

/** The upgrade that a seed stands for. */
export function upgradeOf(seed: number): Upgrade {
  const draw = new Draw(seed);
  const ids = draw.chance(0.15) ? ['r1', 'r2'] : ['r1', 'r2', 'r3'];
  const order = ORDERS[seed % ORDERS.length] ?? 'any order';
  const replication = STYLES[seed % STYLES.length] ?? 'passive';
  const changes = CHANGES[Math.floor(seed / STYLES.length) % CHANGES.length] ?? OTHERS;
  const switched = draw.chance(0.15) ? draw.of(STYLES) : replication;
  const had = draw.chance(0.3);
  const padding = draw.chance(0.2) ? 4 * 1024 * 1024 : 0;
  const settings = draw.chance(0.5) ? settingsOf(draw) : {};
  const before: Build = { version: '1', padding, more: had, settings: { ...settings, replication } };
  const next = changes & OTHERS ? settingsOf(draw) : settings;
  const drawn = draw.of<Course>(['plain', 'plain', 'plain', 'back and again', 'straggler', 'newcomer', 'crash']);
  // A straggler leaves one of two replicas, which must not stop.
  const course = drawn === 'straggler' && ids.length === 2 ? 'plain' : drawn;
  const isOther = (changes & (HANDLER | METHOD)) > 0;
  const after: Build = {
    version: isOther ? '2' : '1',
    padding,
    mark: changes & HANDLER ? 0.5 : 0,
    // What a method did since the last copy is lost if only code without it is left after a crash.
    more: changes & METHOD && !(had && course === 'crash') ? !had : had,
    settings: { ...next, replication: switched },
  };
  const ever = course === 'straggler' || course === 'crash' || ids.length === 2 ? 1 : 2;
  return { seed, changes, ids, before, after, order, course, moves: draw.chance(0.3), leastInSync: ever };
}

/** Plays an upgrade on a complete fleet, and leaves it complete. */
export async function playUpgrade(
  { seed, ids, before, after, order, course, moves }: Upgrade,
  fleet: Fleet,
  load: Pick<MixedLoad, 'more'>,
): Promise<void> {
  const draw = new Draw(~seed);
  const left = new Set(ids);
  const primary = (): string => fleet.primary?.status.replica.id ?? [...left][0] ?? '';
  const next = (): string => {
    const backups = [...left].filter((id) => id !== primary());
    const [first = primary()] = draw.shuffled(order === 'any order' ? [...left] : backups);
    return order === 'the primary first' && left.has(primary()) ? primary() : first;
  };
  const start = (id: string, build: Build, address: string) => fleet.start(id, build, moves ? undefined : address);
  const replace = async (id: string, build: Build): Promise<void> => {
    await start(id, build, await fleet.leave(id));
    await load.more(draw.of([0, 5, 30]));
  };
  const upgrade = async (id = next()): Promise<void> => {
    left.delete(id);
    await replace(id, after);
  };

  if (course === 'back and again') {
    const id = next();
    await replace(id, after);
    await replace(id, before);
  } else if (course === 'straggler') {
    const id = next();
    const address = await fleet.leave(id);
    left.delete(id);
    while (left.size > 0) await upgrade();
    await start(id, before, address);
    await load.more(10);
    await upgrade(id);
  } else if (course === 'newcomer') {
    await Promise.all([fleet.start('r9', after), upgrade()]);
  } else if (course === 'crash') {
    await upgrade();
    // A client that does not know the new address yet would know nobody once the old primary is elsewhere, too.
    if (moves) await load.more(10);
    const id = primary();
    const { address } = fleet.node(id);
    fleet.crash(id);
    left.delete(id);
    await start(id, after, address);
  }
  while (left.size > 0) await upgrade();
  await fleet.whole();
  await load.more(20);
}
