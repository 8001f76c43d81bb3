/** A stream of random bytes from a key: the same on every replica that has the key. */
import { type Cipher, createCipheriv } from 'node:crypto';
import type { RandomStream } from '@understudy/context';

const CIPHER = 'aes-256-ctr';
const NONCE = Buffer.alloc(16);
/** The stream is made in blocks of this size. Most handlers take less than one. */
const BLOCK_BYTES = 512;
const ZEROS = Buffer.alloc(BLOCK_BYTES);
/** The numbers of `next` have as many bits as `Math.random` can have. */
const TWO_TO_53 = 2 ** 53;
const TWO_TO_21 = 2 ** 21;
const TWO_TO_32 = 2 ** 32;

/**
 * The key stream of AES-256 in counter mode: without the key it cannot be told from randomness. No two handlers have the
 * same key, so the counter may begin at zero.
 */
export class KeyStream implements RandomStream {
  readonly #cipher: Cipher;
  #block = ZEROS;
  #at = BLOCK_BYTES;

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv(CIPHER, key, NONCE);
  }

  fill(bytes: Uint8Array): void {
    for (let filled = 0; filled < bytes.length; ) {
      if (this.#at === BLOCK_BYTES) this.#renew();
      const taken = Math.min(bytes.length - filled, BLOCK_BYTES - this.#at);
      bytes.set(this.#block.subarray(this.#at, this.#at + taken), filled);
      this.#at += taken;
      filled += taken;
    }
  }

  next(): number {
    const high = this.#uint32() % TWO_TO_21;
    return (high * TWO_TO_32 + this.#uint32()) / TWO_TO_53;
  }

  #uint32(): number {
    if (this.#at > BLOCK_BYTES - 4) this.#renew();
    const value = this.#block.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  #renew(): void {
    this.#block = this.#cipher.update(ZEROS);
    this.#at = 0;
  }
}
