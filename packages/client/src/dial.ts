import { experimental } from '@grpc/grpc-js';
import type { ReplicaAddress } from './target.js';

/** Targets of channels to one replica; of use within this process only. */
export const DIAL_SCHEME = 'understudy-dial';
/** A connection that takes longer is tried anew: who answered nothing may be back, or elsewhere. */
const CONNECT_WITHIN_MS = 2_000;

const dials = new Map<string, Dial>();
let nextId = 1;

/**
 * Attempts to connect to one replica, which can be given up. By itself an attempt at a host that is gone, and answers
 * nothing, lasts as long as the kernel tries, two minutes on Linux, and keeps the process alive; grpc-js has no bound on
 * it. But it hands the address of its resolver to `net.connect` as it is, and that takes a signal.
 */
export class Dial {
  readonly address: experimental.SubchannelAddress;
  readonly text: string;
  readonly #id = String(nextId++);
  readonly #isReady: () => boolean;
  #attempt: AbortController | undefined;
  #closed = 0;

  /** @param isReady whether the connection stands: then it is not to be touched */
  constructor({ address, text }: ReplicaAddress, isReady: () => boolean) {
    this.text = text;
    this.#isReady = isReady;
    const begin = (): AbortSignal => this.#begin();
    this.address = Object.defineProperty({ ...address }, 'signal', { get: begin, enumerable: true });
    dials.set(this.#id, this);
  }

  get target(): string {
    return `${DIAL_SCHEME}:///${this.#id}`;
  }

  /** How many channels have been closed: what an earlier one still asks for is not answered. */
  get closed(): number {
    return this.#closed;
  }

  /**
   * The channel is about to be closed. Whoever waits for it to be ready makes it connect once more then, and a subchannel
   * whose attempt fails in that same turn begins another, for ever (grpc-js 1.14).
   *
   * @param stands whether it is connected: such a connection is left to end by itself
   */
  closing(stands: boolean): void {
    this.#closed++;
    const attempt = this.#attempt;
    if (!stands) setImmediate(() => attempt?.abort());
  }

  /** No channel will ask for it any more. */
  forget(): void {
    dials.delete(this.#id);
  }

  #begin(): AbortSignal {
    const attempt = new AbortController();
    this.#attempt = attempt;
    setTimeout(() => {
      if (this.#attempt === attempt && !this.#isReady()) attempt.abort();
    }, CONNECT_WITHIN_MS).unref();
    return attempt.signal;
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
