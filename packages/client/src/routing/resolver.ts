import { experimental } from '@grpc/grpc-js';
import { parseTarget, type ReplicaAddress } from './target.js';

/**
 * Resolves targets of the scheme `understudy:`. The addresses are in the target itself, so they are reported once; host
 * names in them are looked up at each attempt to connect.
 */
export class UnderstudyResolver implements experimental.Resolver {
  readonly #addresses: readonly ReplicaAddress[];
  readonly #listener: experimental.ResolverListener;
  #reported = false;

  constructor(target: experimental.GrpcUri, listener: experimental.ResolverListener) {
    this.#addresses = parseTarget(experimental.uriToString(target));
    this.#listener = listener;
  }

  /** Answers only once. grpc-js asks again whenever a backend is down, and answering every time would spin. */
  updateResolution(): void {
    if (this.#reported) return;
    this.#reported = true;
    process.nextTick(() => {
      if (!this.#reported) return;
      const endpoints = this.#addresses.map(({ address }) => ({ addresses: [address] }));
      this.#listener(experimental.statusOrFromValue(endpoints), {}, null, '');
    });
  }

  destroy(): void {
    this.#reported = false;
  }

  /** grpc-js calls this when a channel is made, so a wrong target makes the client's constructor throw. */
  static getDefaultAuthority(target: experimental.GrpcUri): string {
    const [first] = parseTarget(experimental.uriToString(target));
    if (first === undefined || 'path' in first.address) return 'localhost';
    return first.text;
  }
}
