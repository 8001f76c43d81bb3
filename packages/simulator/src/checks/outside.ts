import type { NestedCaller, Reply } from '@understudy/core/internal';
import { bytesOf } from '@understudy/core/testing';
import type { Plan } from '../plan/plan.js';
import type { Ledger } from '../services/ledger.js';
import { isOnce, nestedKey, readCall } from '../services/nested.js';
import { demand } from '../violation.js';
import { type CallingReplica, NestedCallee, type NestedCalleeWorld } from './nested.js';

export interface OutsideWorld extends NestedCalleeWorld {
  readonly plan: Pick<Plan, 'once' | 'nested'>;
}

/** A replica whose handlers change the outside world. */
export interface ActingReplica extends CallingReplica {
  readonly lives: number;
}

/**
 * The outside world, which handlers change with `once` (DESIGN 5.10). It ignores keys: a function that runs a second
 * time has another result, so the history shows which result survived.
 */
export class Outside {
  readonly #record: NestedCallee;
  /** By key, the lives of replicas that began to run the function. */
  readonly #begun = new Map<string, Set<string>>();
  /** The keys of functions whose results are stable. */
  readonly #settled = new Set<string>();

  constructor(world: OutsideWorld) {
    this.#record = new NestedCallee(world, (what) => isOnce(what, world.plan));
  }

  /**
   * A replica begins to run a function: as primary, when all that led to it is stable, once in its life, and only while no
   * result is stable. It knows if a predecessor may have run it.
   */
  begins(server: ActingReplica, caller: NestedCaller, again: boolean, text: string): void {
    this.#record.sent(server, caller);
    const key = keyOf(caller);
    const { what } = readCall(text);
    const begun = this.#begun.get(key) ?? new Set<string>();
    this.#begun.set(key, begun);
    demand(
      again || begun.size === 0,
      () => `${server.name} runs ${what} as if for the first time, after ${[...begun]}`,
    );
    const life = `${server.name}#${server.lives}`;
    demand(!begun.has(life), () => `${server.name} runs ${what} twice in a life`);
    begun.add(life);
    demand(!this.#settled.has(`${caller.client} ${what}`), () => `${server.name} runs ${what}, whose result is stable`);
  }

  /** The function takes effect. @returns its result, or the error that it throws */
  acts(caller: NestedCaller, text: string, throws: boolean): Reply {
    const message = bytesOf(this.#record.serve(caller, text, true));
    return { kind: 'reply', code: throws ? 2 : 0, details: '', message };
  }

  /** This entry of the history is stable, so no promotion can lose it any more. */
  stable(client: string, entry: string): void {
    const [what = '', result] = entry.split('=', 2);
    if (result !== undefined) this.#settled.add(`${client} ${what}`);
  }

  /** Each effect has one key and is part of the surviving history, and its result there is what one run of it came to. */
  check(final: Ledger): void {
    this.#record.check(final);
  }
}

/** The key that a function is given: the same for whichever replica runs it. */
const keyOf = ({ client, id }: NestedCaller): string => `${client}/${nestedKey(id)}`;
