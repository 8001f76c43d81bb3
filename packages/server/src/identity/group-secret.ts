import { monotonicMs } from '@understudy/context';
import { UnderstudyError } from '@understudy/core';
import { secretBytes } from '@understudy/grpc-common';

/** How many secrets are valid at a time: the one in use, and one that is being introduced or withdrawn. */
const SECRETS_MAX = 2;

const RECENT_MS = 1_000;

type OneOrTwo = string | Buffer | readonly (string | Buffer)[];

/** See `ReplicaServerOptions.groupSecret`. */
export type GroupSecretSource = OneOrTwo | (() => OneOrTwo);

/** The secret of a group, which may change while the replica runs. */
export class GroupSecret {
  readonly #source: GroupSecretSource;
  #recent: readonly [Buffer, ...Buffer[]];
  #readMs: number;

  /** @throws UNDERSTUDY_SETUP if the secret cannot be used now */
  constructor(source: GroupSecretSource) {
    this.#source = source;
    this.#recent = this.read();
    this.#readMs = monotonicMs();
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

  /** What `read` returned at most a second ago: for uses so frequent that a file must not be read for each. */
  get recent(): readonly [Buffer, ...Buffer[]] {
    const nowMs = monotonicMs();
    if (nowMs - this.#readMs < RECENT_MS) return this.#recent;
    this.#readMs = nowMs;
    try {
      this.#recent = this.read();
    } catch {
      // The next proof reads the secret itself and reports what is wrong with it.
    }
    return this.#recent;
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
