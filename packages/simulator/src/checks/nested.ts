import type { GroupRecord, Member } from '@understudy/core';
import { isInSync, type NestedCaller, type ReplicaProgress } from '@understudy/core/internal';
import type { Ledger } from '../services/ledger.js';
import { NOT_KNOWN, nestedKey, readCall } from '../services/nested.js';
import { demand } from '../violation.js';

/** A replica whose handlers make calls. */
export interface CallingReplica {
  readonly name: string;
  readonly alive: boolean;
  readonly member: Member;
  /** Its progress after the last step. */
  readonly status: ReplicaProgress | undefined;
  /** The replica's progress, also in the middle of a step. */
  readonly core: { readonly progress: ReplicaProgress } | undefined;
}

export interface NestedCalleeWorld {
  readonly servers: readonly CallingReplica[];
  readonly coordinator: { readonly record: GroupRecord | undefined };
}

/** The effects of a call at the callee, or of a function in the outside world, which may have run more than once. */
interface Done {
  readonly client: string;
  readonly id: string;
  readonly text: string;
  readonly values: string[];
}

/** The calls that a callee received, and the effects that they had (DESIGN 5.7, 7.3, 7.6). */
export class NestedCallee {
  readonly #world: NestedCalleeWorld;
  readonly #isOurs: (what: string) => boolean;
  readonly #done = new Map<string, Done>();
  /** By client and request: the id of the call that made the request. */
  readonly #ids = new Map<string, string>();
  /** By client: the order up to which none of its calls comes again. */
  readonly #settledUpTo = new Map<string, number>();

  /** @param isOurs whether it serves the call with this name */
  constructor(world: NestedCalleeWorld, isOurs: (what: string) => boolean) {
    this.#world = world;
    this.#isOurs = isOurs;
  }

  /**
   * A call leaves. Only the primary may send one, only when no promotion can cut what the call reflects, and never one
   * that was settled.
   */
  sent(server: CallingReplica, { client, term, id, settledUpTo }: NestedCaller): void {
    const { name, core, member } = server;
    const status = core?.progress;
    demand(status?.role === 'primary' && status.term === term, () => `${name} calls, and is not primary of ${term}`);
    demand(status.stableUpTo >= id.orderNum, () => `${name} calls out of order ${id.orderNum}, which is not stable`);
    const { record } = this.#world.coordinator;
    if (record?.term === term && isInSync(record, member)) {
      for (const other of this.#world.servers) {
        if (!other.alive || other.status === undefined || other === server || !isInSync(record, other.member)) continue;
        const held = other.status.heldUpTo;
        demand(
          held >= id.orderNum,
          () => `${name} calls out of order ${id.orderNum}; ${other.name} holds only ${held}`,
        );
      }
    }
    const settled = this.#settledUpTo.get(client) ?? 0;
    demand(id.orderNum > settled, () => `${name} sends ${nestedKey(id)}, though all up to ${settled} were settled`);
    if (settledUpTo > settled) this.#settledUpTo.set(client, settledUpTo);
  }

  /**
   * A call arrives, perhaps again, or a function runs.
   *
   * @param anew it takes effect each time; else only for the first time
   * @returns what it came to
   */
  serve({ client, id: { orderNum, index } }: NestedCaller, text: string, anew = false): string {
    const id = `${orderNum}.${index}`;
    const known = this.#done.get(`${client} ${id}`);
    if (known !== undefined) {
      demand(known.text === text, () => `the call ${id} of ${client} is ${known.text} and ${text}`);
      if (!anew) return known.values[0] ?? '';
      known.values.push(`${known.values.length + 1}th`);
      return known.values.at(-1) ?? '';
    }
    const { what } = readCall(text);
    const other = this.#ids.get(`${client} ${what}`);
    demand(other === undefined, () => `${what} of ${client} takes effect as ${other} and as ${id}`);
    this.#ids.set(`${client} ${what}`, id);
    const value = `${this.#done.size + 1}`;
    this.#done.set(`${client} ${id}`, { client, id, text, values: [value] });
    return value;
  }

  /**
   * Nothing is open any more. Checks that every effect at the callee is part of the surviving history, with its
   * outcome.
   *
   * @param final the history that the primary holds
   */
  check(final: Ledger): void {
    const { record } = this.#world.coordinator;
    const client = `${record?.group}/${record?.origin}`;
    const heard = new Map<string, string>();
    for (const entry of final.operations) {
      const [what = '', value] = entry.split('=', 2);
      if (value !== undefined && this.#isOurs(what)) heard.set(what, value);
    }
    const mayPassOver = (record?.deaths?.poisoned.length ?? 0) > 0;
    for (const done of this.#done.values()) {
      // The callee may have done work that an operator then gave up.
      if (done.client !== client) continue;
      const { what, length, digest } = readCall(done.text);
      const told = heard.get(what);
      // A handler that is passed over, also by chance, may have had an effect elsewhere, and is itself not in the history.
      if (told === undefined && mayPassOver) continue;
      const kept = final.digestAt(length) === digest;
      demand(kept, () => `${what} asked what is not part of the surviving history: ${final.operations.join(' ')}`);
      demand(told !== undefined, () => `the callee did ${what}, and the group does not know of it`);
      demand(
        told === NOT_KNOWN || done.values.includes(told),
        () => `${what} came to ${done.values.join(' and ')}, and the group has ${told}`,
      );
    }
    if (record?.forced) return;
    const values = new Set(
      [...this.#done.values()].flatMap(({ text, values: all }) =>
        all.map((value) => `${readCall(text).what}=${value}`),
      ),
    );
    for (const [what, value] of heard)
      demand(
        value === NOT_KNOWN || values.has(`${what}=${value}`),
        () => `nobody told the group that ${what}=${value}`,
      );
  }
}
