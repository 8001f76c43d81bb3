import { monotonicMs } from '@understudy/context';
import { UnderstudyError } from '@understudy/core';
import { secretBytes } from '@understudy/grpc-common';

/** How many secrets are valid at a time: the one in use, and one that is being introduced or withdrawn. */
const SECRETS_MAX = 2;

/** How old the answer of a function may be that would have to be asked for each frame. */
const RECENT_MS = 1_000;
/** The same if something was sealed with a secret that is in no recent answer: it may be a new one. */
const AFRESH_MS = 100;
/**
 * How long a removed secret still opens orders. Clients carry what was sealed with it until they hear that it is stable,
 * and this replica may have learned earlier than the primary that the secret is gone.
 */
export const OPENS_FOR_MS = 60_000;

interface Removed {
  readonly secret: Buffer;
  readonly sinceMs: number;
}

type OneOrTwo = string | Buffer | readonly (string | Buffer)[];

/** See `ReplicaServerOptions.groupSecret`. */
export type GroupSecretSource = OneOrTwo | (() => OneOrTwo);

/** The secret of a group, which may change while the replica runs. */
export class GroupSecret {
  readonly #source: GroupSecretSource;
  readonly #clock: () => number;
  #recent: readonly [Buffer, ...Buffer[]];
  #readMs: number;
  /** The newest last. */
  #removed: readonly Removed[] = [];
  #ofOrders: readonly [Buffer, ...Buffer[]];

  /**
   * @param clock in milliseconds, and never goes back
   * @throws UNDERSTUDY_SETUP if the secret cannot be used now
   */
  constructor(source: GroupSecretSource, clock = monotonicMs) {
    this.#source = source;
    this.#clock = clock;
    this.#recent = this.read();
    this.#ofOrders = this.#recent;
    this.#readMs = clock();
  }

  /**
   * The secrets that are valid now: this replica proves itself with the first and accepts all.
   *
   * @throws UNDERSTUDY_SETUP
   */
  read(): readonly [Buffer, ...Buffer[]] {
    const given = typeof this.#source === 'function' ? this.#call(this.#source) : this.#source;
    const all = (Array.isArray(given) ? given : [given]).map(secretBytes);
    const [first, ...others] = all;
    if (first !== undefined && all.length <= SECRETS_MAX) return [first, ...others];
    throw new UnderstudyError(
      'UNDERSTUDY_SETUP',
      `groupSecret names ${all.length} secrets; give one, or two while one replaces the other`,
    );
  }

  /**
   * The secrets for orders that clients carry: the first seals, all of them open. Those that hold come first, as they
   * were a moment ago, because a file must not be read for each frame. Those that were removed lately follow.
   *
   * @param afresh whether what was there a moment ago does not do
   * @returns the same array as before if nothing changed
   */
  ofOrders(afresh = false): readonly [Buffer, ...Buffer[]] {
    const nowMs = this.#clock();
    if (nowMs - this.#readMs >= (afresh ? AFRESH_MS : RECENT_MS)) this.#refresh(nowMs);
    return this.#ofOrders;
  }

  #refresh(nowMs: number): void {
    this.#readMs = nowMs;
    const before = this.#recent;
    try {
      const now = this.read();
      if (!isSame(now, before)) this.#recent = now;
    } catch {
      // The next proof reads the secret itself and reports what is wrong with it.
    }
    const gone = before.filter((secret) => !includes(this.#recent, secret));
    const removed = [...this.#removed, ...gone.map((secret) => ({ secret, sinceMs: nowMs }))]
      .filter(({ secret, sinceMs }) => nowMs - sinceMs < OPENS_FOR_MS && !includes(this.#recent, secret))
      .slice(-SECRETS_MAX);
    if (this.#recent === before && removed.length === this.#removed.length) return;
    this.#removed = removed;
    this.#ofOrders = [...this.#recent, ...removed.map(({ secret }) => secret)];
  }

  #call(source: () => OneOrTwo): OneOrTwo {
    try {
      return source();
    } catch (cause) {
      throw new UnderstudyError('UNDERSTUDY_SETUP', 'the function groupSecret failed; it must return the secret', {
        cause,
      });
    }
  }
}

const includes = (secrets: readonly Buffer[], secret: Buffer): boolean => secrets.some((each) => each.equals(secret));

const isSame = (some: readonly Buffer[], others: readonly Buffer[]): boolean =>
  some.length === others.length && some.every((secret, i) => others[i]?.equals(secret));
