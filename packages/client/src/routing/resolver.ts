import { experimental } from '@grpc/grpc-js';
import { parseTarget, type ReplicaAddress } from './target.js';

/** The addresses are in the target: they are reported once, and names are looked up by each connection attempt. */
export class UnderstudyResolver implements experimental.Resolver {
  readonly #addresses: readonly ReplicaAddress[];
  readonly #listener: experimental.ResolverListener;
  #reported = false;

  constructor(target: experimental.GrpcUri, listener: experimental.ResolverListener) {
    this.#addresses = parseTarget(experimental.uriToString(target));
    this.#listener = listener;
  }

  /** Only the first call answers: answering each, as a backend that is down asks for, would spin. */
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

  /** Called when a channel is made, so a wrong target throws there. */
  static getDefaultAuthority(target: experimental.GrpcUri): string {
    const [first] = parseTarget(experimental.uriToString(target));
    if (first === undefined || 'path' in first.address) return 'localhost';
    return first.text;
  }
}
