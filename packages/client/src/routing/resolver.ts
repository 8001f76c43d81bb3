/** Resolves `understudy:` targets to the addresses in them, and refuses channels that would send calls unreplicated. */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { HINT_OPTION } from './policy.js';
import { parseTarget, type ReplicaAddress } from './target.js';

/** The channel option that marks a channel made with the options of `replicated`. */
export const REPLICATED_OPTION = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.understudy_replicated`;

const BY_HAND =
  'a Channel that was made by hand ignores the options of replicated(), and its calls would not be replicated; give them to the constructor of a grpc-js client';

/**
 * Resolves targets of the scheme `understudy:`. The addresses are in the target itself, so they are reported once; host
 * names in them are looked up at each attempt to connect.
 */
export class UnderstudyResolver implements experimental.Resolver {
  readonly #addresses: readonly ReplicaAddress[];
  readonly #listener: experimental.ResolverListener;
  #reported = false;

  constructor(target: experimental.GrpcUri, listener: experimental.ResolverListener, options: ChannelOptions) {
    // Only a client obeys `channelFactoryOverride`. A channel that was made by hand would send calls unreplicated.
    if (REPLICATED_OPTION in options && !(HINT_OPTION in options)) {
      throw new UnderstudyError('UNDERSTUDY_SETUP', BY_HAND);
    }
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
