/** Searches all schedules within a bound for violations. */
import { type Played, play } from '../window/play.js';
import type { Mode } from '../window/scenario.js';
import { type Bound, childrenOf, costOf, type Node, ROOT } from './children.js';
import { formatSchedule } from './schedule.js';

/** The options of a search. */
export interface ExploreOptions {
  readonly mode: Mode;
  /** How many calls the window has. */
  readonly operations: number;
  readonly bound: Bound;
  /** Searches only one of `of` parts of the schedules. All parts together have every schedule once. */
  readonly part?: { readonly index: number; readonly of: number };
  /** The search ends after so many violations. */
  readonly violationsMax?: number;
  /** Called now and then with the number of schedules so far. */
  readonly onProgress?: (schedules: number) => void;
}

export interface FailedSchedule {
  readonly schedule: string;
  readonly reason: string;
}

export interface Summary {
  readonly schedules: number;
  /** Numbers of schedules by `deviations+crashes`. */
  readonly byCost: Readonly<Record<string, number>>;
  readonly endings: Readonly<Record<Played['ending'], number>>;
  readonly violations: readonly FailedSchedule[];
  /** False if the search ended early, at `violationsMax`. */
  readonly complete: boolean;
}

const PROGRESS_EVERY = 256;

/**
 * Plays every schedule within the bound, each from the beginning (stateless search; Godefroid, "Model checking for
 * programming languages using VeriSoft", POPL 1997). A schedule comes before those that add decisions to it. The bound
 * on deviations from one scheduler is that of Emmi, Qadeer, Rakamarić, "Delay-bounded scheduling", POPL 2011.
 */
export function explore(options: ExploreOptions): Summary {
  const { mode, operations, bound, part = { index: 0, of: 1 }, violationsMax = Number.POSITIVE_INFINITY } = options;
  const endings = { whole: 0, blocked: 0, unavailable: 0, violated: 0 };
  const byCost: Record<string, number> = {};
  const violations: FailedSchedule[] = [];
  let schedules = 0;
  const visit = (node: Node): Played => {
    const played = play(mode, operations, node.schedule);
    const { deviations, crashes } = costOf(node.schedule);
    const cost = `${deviations}+${crashes}`;
    byCost[cost] = (byCost[cost] ?? 0) + 1;
    endings[played.ending]++;
    if (played.reason !== undefined)
      violations.push({ schedule: formatSchedule(node.schedule), reason: played.reason });
    if (++schedules % PROGRESS_EVERY === 0) options.onProgress?.(schedules);
    return played;
  };

  const root = part.index === 0 ? visit(ROOT) : play(mode, operations, ROOT.schedule);
  const stack: Node[] = [];
  let child = 0;
  for (const node of childrenOf(ROOT, root, bound)) if (child++ % part.of === part.index) stack.push(node);
  stack.reverse();
  for (let node = stack.pop(); node !== undefined && violations.length < violationsMax; node = stack.pop()) {
    stack.push(...childrenOf(node, visit(node), bound));
  }
  options.onProgress?.(schedules);
  return { schedules, byCost, endings, violations, complete: violations.length < violationsMax };
}
