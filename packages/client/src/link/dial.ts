/** Targets that stand for one replica of this process's clients, and the resolver that grpc-js asks about them. */
import { experimental } from '@grpc/grpc-js';
import { Attempts } from '../routing/attempts.js';
import type { ReplicaPlace } from '../routing/replica-list.js';

/** The scheme of targets of channels to one replica; such a target means something within this process only. */
export const DIAL_SCHEME = 'understudy-dial';
const dials = new Map<string, Dial>();
let nextId = 1;

/** One replica as a target of channels, whose attempts to connect can be given up. */
export class Dial {
  readonly authority: string;
  readonly #id = String(nextId++);
  readonly #attempts: Attempts;
  #closed = 0;

  /** @param isReady whether the channel is connected */
  constructor({ address, authority, proxy }: ReplicaPlace, isReady: () => boolean) {
    this.authority = authority;
    this.#attempts = new Attempts(proxy?.address ?? address, isReady);
    dials.set(this.#id, this);
  }

  get address(): experimental.SubchannelAddress {
    return this.#attempts.address;
  }

  get target(): string {
    return `${DIAL_SCHEME}:///${this.#id}`;
  }

  /** How many channels to this replica have been closed. A resolver of an earlier channel gets no answer any more. */
  get closed(): number {
    return this.#closed;
  }

  /**
   * Announces that the channel is about to be closed. While some caller waits for that channel to be ready, closing
   * makes it connect once more (grpc-js 1.14), and this attempt must be given up.
   *
   * @param stands whether the channel is connected; a connection that stands ends by itself
   */
  closing(stands: boolean): void {
    this.#closed++;
    if (!stands) this.#attempts.giveUp();
  }

  /** Ends the meaning of the target: no channel will ask for it any more. */
  forget(): void {
    dials.delete(this.#id);
  }
}

/** Resolves the targets of dials to the address of their replica. */
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

  /** Answers only once. grpc-js asks again whenever a backend is down, and answering every time would spin. */
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
    const { address, authority } = dialOf(target);
    return 'path' in address ? 'localhost' : authority;
  }
}

function dialOf(target: experimental.GrpcUri): Dial {
  const dial = dials.get(target.path.replace(/^\//, ''));
  if (dial === undefined) throw new Error(`${experimental.uriToString(target)} is no target of this process`);
  return dial;
}
