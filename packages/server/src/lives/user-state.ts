/** The user's state, as checkpoints copy it and restores replace it. */
import { monotonicMs } from '@understudy/context';
import type { Logger, ReplicaId } from '@understudy/core';
import type { GroupConfig, ReplicaEvent } from '@understudy/core/internal';
import { messageOf } from '@understudy/grpc-common';
import { type AnyState, chunksOf, problemOfCopy } from '../checks/state.js';
import type { Activity } from '../loop/activity.js';
import type { EffectOf, EventLoop } from '../loop/event-loop.js';
import type { Measures } from './measures.js';
import { inPieces, nextTurn, whole } from './pieces.js';
import { digestOfCopy, digestOfState } from './state-digest.js';

export interface UserStateOptions {
  readonly loop: EventLoop;
  readonly source: AnyState;
  readonly activity: Activity;
  /** Called just before functions of the user's copy or replace the state, which may block the main thread for long. */
  readonly onCopy?: (() => void) | undefined;
  /** Bounds how long handlers of earlier lives may hold up a restore, and how long peers may take to hear of it. */
  readonly config: Pick<GroupConfig, 'stallMs' | 'leaseMs'>;
  readonly logger: Logger;
  readonly measures: Measures;
  readonly onFatal: (error: Error) => void;
}

/**
 * How many characters of an error of the user's function are kept, because the text goes to other replicas and to logs.
 */
const REASON_MAX = 300;
/** For how many milliseconds chunks are drawn before other work has its turn. */
const DRAW_MS = 4;
/** How many pieces are drawn at a time from a state that is drawn as it is sent. */
const DRAWN_AT_ONCE = 4;

/** How many leases a busy replica waits for peers to hear that it is busy. */
const HEARD_IN_LEASES = 1;

/** The comparison of a state that was restored and copied again. */
type Verified = Omit<Extract<ReplicaEvent, { kind: 'restored' }>, 'kind'>;

/** The rest of a copy that is still to be drawn. */
type Undrawn = AsyncGenerator<Uint8Array, void>;

/**
 * Copies and replaces the user's state for one life of a replica. If a copy fails, everything that waits for it fails.
 * A restore that fails is fatal, because the state it leaves is unknown.
 */
export class UserState {
  readonly #options: UserStateOptions;
  readonly #rests = new Map<number, Undrawn>();
  /** The peers that have not heard yet that this replica is busy. */
  readonly #unheard = new Set<ReplicaId>();
  #onHeard = (): void => {};
  /** Grows when digests are given up: a digest that was asked for before is no longer wanted. */
  #digests = 0;

  constructor(options: UserStateOptions) {
    this.#options = options;
  }

  checkpoint({ copy, kept, told }: EffectOf<'takeCheckpoint'>): void {
    const { loop } = this.#options;
    this.#copy(kept, told).then(
      ({ state, rest }) => {
        if (rest !== undefined && loop.closed) void rest.return();
        else if (rest !== undefined) this.#rests.set(copy, rest);
        this.#options.measures.copied(state);
        loop.dispatch({ kind: 'checkpointTaken', copy, state, more: rest !== undefined });
      },
      (error: unknown) => this.#failed(copy, error),
    );
  }

  /** @param kept whether the copy is needed here as a whole */
  async #copy(
    kept: boolean,
    told: readonly ReplicaId[],
  ): Promise<{ readonly state: readonly Uint8Array[]; readonly rest?: Undrawn }> {
    const { source } = this.#options;
    await this.#heardBy(told);
    this.#options.onCopy?.();
    const made: unknown = await source.checkpoint();
    const problem = problemOfCopy(made);
    if (problem !== undefined) throw new TypeError(problem);
    const chunks = chunksOf(made);
    const rest = inPieces(chunks ?? [made as Uint8Array]);
    const first = await drawn(rest, 1);
    if (!first.more) return { state: first.state };
    if (chunks !== undefined && source.snapshots === true && !kept) return { state: first.state, rest };
    const others = await drawn(rest, Number.POSITIVE_INFINITY);
    return { state: [...first.state, ...others.state] };
  }

  draw({ copy }: EffectOf<'drawState'>): void {
    const rest = this.#rests.get(copy);
    if (rest === undefined) return;
    drawn(rest, DRAWN_AT_ONCE).then(
      ({ state, more }) => {
        if (!more) this.#rests.delete(copy);
        this.#options.measures.drawn(state);
        this.#options.loop.dispatch({ kind: 'stateDrawn', copy, state, more });
      },
      (error: unknown) => this.#failed(copy, error),
    );
  }

  /** No more of a copy is needed. */
  endCopy(copy: number): void {
    const rest = this.#rests.get(copy);
    this.#rests.delete(copy);
    rest?.return().catch((error: unknown) => this.#tell(error));
  }

  restore({ state, told, verifies }: EffectOf<'restoreState'>): void {
    const { loop, source, activity, config, logger, measures, onFatal } = this.#options;
    const work = async (): Promise<void> => {
      const left = await activity.idle(config.stallMs);
      if (left > 0)
        logger.log('warn', 'handlers did not end before a restore', { handlers: left, afterMs: config.stallMs });
      await this.#heardBy(told);
      if (loop.closed) return;
      this.#options.onCopy?.();
      if (source.isChunked) await source.restore(eachOf(state));
      else await source.restore(await whole(state));
      measures.copied(state);
      loop.dispatch({ kind: 'restored', ...(verifies && (await this.#verified(state))) });
    };
    work().catch((cause: unknown) => {
      if (!loop.closed) onFatal(new Error('state.restore() failed', { cause }));
    });
  }

  /** Copies the state that was restored. @returns what that cost, and both digests if it gives other bytes */
  async #verified(state: readonly Uint8Array[]): Promise<Verified> {
    const { source, loop } = this.#options;
    try {
      const made = await digestOfState(
        source,
        () => {},
        () => !loop.closed,
      );
      if (made === undefined) return {};
      const { digest, cost } = made;
      const given = await digestOfCopy(state);
      return digest === given ? { cost } : { cost, differs: { given, made: digest } };
    } catch (error) {
      this.#tell(error, 'state.checkpoint() failed after a restore');
      return {};
    }
  }

  /**
   * Takes a digest of the state. Frames that were gathered in this turn leave first, so that no caller waits for it.
   */
  digest({ orderNum, told }: EffectOf<'digestState'>): void {
    const { loop, source } = this.#options;
    const number = this.#digests;
    const isWanted = (): boolean => number === this.#digests && !loop.closed;
    const askedMs = monotonicMs();
    const held = (blockedMs: number): void => {
      if (isWanted()) loop.dispatch({ kind: 'stateHeld', orderNum, heldMs: monotonicMs() - askedMs, blockedMs });
    };
    const work = async (): Promise<void> => {
      await nextTurn();
      await nextTurn();
      await this.#heardBy(told);
      if (!isWanted()) return;
      this.#options.onCopy?.();
      const made = await digestOfState(source, held, isWanted);
      if (made !== undefined) loop.dispatch({ kind: 'stateDigested', orderNum, ...made });
    };
    work().catch((error: unknown) => {
      held(0);
      const reason = messageOf(error).slice(0, REASON_MAX);
      if (isWanted()) loop.dispatch({ kind: 'stateDigested', orderNum, digest: undefined, tookMs: 0, reason });
    });
  }

  /** Gives up digests that were asked for. */
  endDigest(): void {
    this.#digests++;
  }

  /** A peer has heard that this replica is busy. */
  heard(peer: ReplicaId): void {
    this.#unheard.delete(peer);
    if (this.#unheard.size === 0) this.#onHeard();
  }

  /** Resolves when these peers have heard that this replica is busy, or after a while. */
  async #heardBy(told: readonly ReplicaId[]): Promise<void> {
    if (told.length === 0) return;
    for (const peer of told) this.#unheard.add(peer);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, HEARD_IN_LEASES * this.#options.config.leaseMs).unref();
      this.#onHeard = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#unheard.clear();
  }

  /** This life is over: nothing more is drawn. */
  close(): void {
    for (const copy of [...this.#rests.keys()]) this.endCopy(copy);
  }

  #failed(copy: number, error: unknown): void {
    this.#rests.delete(copy);
    this.#options.loop.dispatch({ kind: 'checkpointFailed', copy, reason: messageOf(error).slice(0, REASON_MAX) });
  }

  #tell(error: unknown, event = 'state.checkpoint() failed while it was ended'): void {
    const reason = messageOf(error).slice(0, REASON_MAX);
    this.#options.logger.log('warn', event, { reason });
  }
}

/** Draws the next pieces, and lets other work have its turn now and then. */
async function drawn(rest: Undrawn, most: number): Promise<{ readonly state: Uint8Array[]; readonly more: boolean }> {
  const state: Uint8Array[] = [];
  let sinceMs = monotonicMs();
  while (state.length < most) {
    const { value, done } = await rest.next();
    if (done === true) return { state, more: false };
    state.push(value);
    if (monotonicMs() - sinceMs < DRAW_MS) continue;
    await nextTurn();
    sinceMs = monotonicMs();
  }
  return { state, more: true };
}

async function* eachOf(state: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  for (const chunk of state) if (chunk.length > 0) yield chunk;
}
