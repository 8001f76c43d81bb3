/** Chooses the replica that an RPC goes to. */
import { connectivityState, experimental, type Metadata } from '@grpc/grpc-js';
import { CODE_KEY, PRIMARY_KEY, SLOT_KEY } from '@understudy/grpc-common';
import type { PrimaryHint } from './primary-hint.js';

const { COMPLETE } = experimental.PickResultType;
const { IDLE, CONNECTING, READY } = connectivityState;

/** grpc-js exports its type `Picker` as a value only, so this is derived from a method that returns one. */
type Picker = ReturnType<experimental.LeafLoadBalancer['getPicker']>;
type PickResult = ReturnType<Picker['pick']>;

/**
 * Sends a call to the slot that its metadata names, else to the primary, else to any replica that is connected. A
 * replica that is not the primary refuses the call before touching anything and says where the primary is.
 */
export class ReplicaPicker implements Picker {
  readonly #replicas: readonly (experimental.LeafLoadBalancer | undefined)[];
  readonly #hint: PrimaryHint;
  readonly #lastError: string | null;

  constructor(
    replicas: readonly (experimental.LeafLoadBalancer | undefined)[],
    hint: PrimaryHint,
    lastError: string | null,
  ) {
    this.#replicas = replicas;
    this.#hint = hint;
    this.#lastError = lastError;
  }

  pick(args: experimental.PickArgs): PickResult {
    const named = args.metadata.get(SLOT_KEY)[0];
    if (named !== undefined) {
      args.metadata.remove(SLOT_KEY);
      return this.#replicas[Number(named)]?.getPicker().pick(args) ?? this.#unavailable(args);
    }
    const slot = this.#primaryOrAny();
    if (slot === undefined) return this.#nobody(args);
    const result = this.#replicas[slot]?.getPicker().pick(args) ?? this.#unavailable(args);
    if (result.pickResultType !== COMPLETE) return result;
    return { ...result, onCallEnded: (_code, _details, trailers) => this.#learn(slot, trailers) };
  }

  /**
   * The hinted replica if it is connected, else the next connected one after it, so that a wrong guess is not repeated.
   */
  #primaryOrAny(): number | undefined {
    const start = this.#hint.slot ?? 0;
    for (let i = 0; i < this.#replicas.length; i++) {
      const slot = (start + i) % this.#replicas.length;
      if (this.#replicas[slot]?.getConnectivityState() === READY) return slot;
    }
    return undefined;
  }

  #nobody(args: experimental.PickArgs): PickResult {
    const waiting = this.#replicas.find((replica) => {
      const state = replica?.getConnectivityState();
      return state === CONNECTING || state === IDLE;
    });
    return waiting?.getPicker().pick(args) ?? this.#unavailable(args);
  }

  #unavailable(args: experimental.PickArgs): PickResult {
    const reason = this.#lastError === null ? '' : `: ${this.#lastError}`;
    return new experimental.UnavailablePicker({ details: `no replica can be reached${reason}` }).pick(args);
  }

  #learn(slot: number, trailers: Metadata | null): void {
    if (trailers === null || trailers.get(CODE_KEY)[0] !== 'UNDERSTUDY_NOT_PRIMARY') return;
    // The session, or another refusal, may have set a newer hint since this call left. The older answer replaces it
    // only if the hinted replica cannot be reached.
    const hinted = this.#hint.slot;
    if (hinted !== undefined && hinted !== slot && this.#replicas[hinted]?.getConnectivityState() === READY) return;
    // The target may write the primary's address differently, or lack it.
    const address = trailers.get(PRIMARY_KEY)[0];
    const primary = typeof address === 'string' ? this.#hint.replicas.slotOf(address) : undefined;
    this.#hint.set(primary ?? (slot + 1) % this.#replicas.length);
  }
}
