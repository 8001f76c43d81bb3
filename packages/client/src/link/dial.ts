import { experimental } from '@grpc/grpc-js';
import { Attempts } from '../routing/attempts.js';
import type { ReplicaAddress } from '../routing/target.js';

/** Targets of channels to one replica; of use within this process only. */
export const DIAL_SCHEME = 'understudy-dial';
const dials = new Map<string, Dial>();
let nextId = 1;

/** Connections to one replica, whose attempts can be given up: what the target of its channels stands for. */
export class Dial {
  readonly text: string;
  readonly #id = String(nextId++);
  readonly #attempts: Attempts;
  #closed = 0;

  /** @param isReady whether the channel is connected */
  constructor({ address, text }: ReplicaAddress, isReady: () => boolean) {
    this.text = text;
    this.#attempts = new Attempts(address, isReady);
    dials.set(this.#id, this);
  }

  get address(): experimental.SubchannelAddress {
    return this.#attempts.address;
  }

  get target(): string {
    return `${DIAL_SCHEME}:///${this.#id}`;
  }

  /** How many channels have been closed: what an earlier one still asks for is not answered. */
  get closed(): number {
    return this.#closed;
  }

  /**
   * The channel is about to be closed. Whoever waits for it to be ready makes it connect once more then (grpc-js 1.14).
   *
   * @param stands whether it is connected: such a connection is left to end by itself
   */
  closing(stands: boolean): void {
    this.#closed++;
    if (!stands) this.#attempts.giveUp();
  }

  /** No channel will ask for it any more. */
  forget(): void {
    dials.delete(this.#id);
  }
}

/** Resolves the targets of dials. */
export class DialResolver implements experimental.Resolver {
  readonly #dial: Dial;
  readonly #listener: experimental.ResolverListener;
  readonly #closedBefore: number;
  #reported = false;

  constructor(target: experimental.GrpcUri, listener: experimental.ResolverListener) {
    this.#dial = dialOf(target);
    this.#closedBefore = this.#dial.closed;
    this.#listener = listener;
  }

  /** Only the first call answers: answering each, as a backend that is down asks for, would spin. */
  updateResolution(): void {
    if (this.#reported || this.#dial.closed !== this.#closedBefore) return;
    this.#reported = true;
    process.nextTick(() => {
      if (!this.#reported) return;
      this.#listener(experimental.statusOrFromValue([{ addresses: [this.#dial.address] }]), {}, null, '');
    });
  }

  destroy(): void {
    this.#reported = false;
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    const { address, text } = dialOf(target);
    return 'path' in address ? 'localhost' : text;
  }
}

function dialOf(target: experimental.GrpcUri): Dial {
  const dial = dials.get(target.path.replace(/^\//, ''));
  if (dial === undefined) throw new Error(`${experimental.uriToString(target)} is no target of this process`);
  return dial;
}
