/** Derives the randomness of handlers from a secret that all replicas have and the place in the order. */
import { createHmac, hkdfSync } from 'node:crypto';
import type { OrderNum, Term } from '@understudy/core';
import { KeyStream } from './key-stream.js';

const KEY_BYTES = 32;
const INFO = 'understudy randomness of handlers';

export interface SeedsOptions {
  readonly group: string;
  /** The secret in the group's record. It stays the same as long as the record does. */
  readonly secret: () => string | undefined;
}

/**
 * Derives a key for each handler from the secret in the group's record (HKDF, RFC 5869) and the place where the handler
 * began (HMAC). No place is given twice in a term, so no key is used twice; and whoever replays an order of an older
 * term derives the key that the primary of that term had.
 */
export class Seeds {
  readonly #options: SeedsOptions;
  #secret: string | undefined;
  #key = Buffer.alloc(0);

  constructor(options: SeedsOptions) {
    this.#options = options;
  }

  /** The randomness of the handler that the order `orderNum` of `term` starts. */
  stream(term: Term, orderNum: OrderNum): KeyStream {
    const key = createHmac('sha256', this.#groupKey()).update(`${term} ${orderNum}`).digest();
    return new KeyStream(key);
  }

  #groupKey(): Buffer {
    const secret = this.#options.secret() ?? '';
    if (secret !== this.#secret) {
      this.#key = Buffer.from(hkdfSync('sha256', secret, this.#options.group, INFO, KEY_BYTES));
      this.#secret = secret;
    }
    return this.#key;
  }
}
