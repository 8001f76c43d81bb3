/** Encrypts the announcements that clients carry, so that clients can neither read nor alter nor forge any. */

import { createCipheriv, createDecipheriv, hkdfSync, randomFillSync } from 'node:crypto';
import { realOf } from '@understudy/context';
import type { OrderNum, Term } from '@understudy/core';
import type { ConnectionId, OrderInfo, OrderSeal, SealedOrders } from '@understudy/core/internal';
import { decodeOrders, encodeOrders } from '@understudy/wire';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TAG = { authTagLength: TAG_BYTES } as const;
/** How many keys are kept; those of older terms are derived again if they are needed. */
const KEYS_MAX = 8;
const COUNTER_AT = 4;

interface Key {
  readonly secret: string;
  readonly shared: Uint8Array | undefined;
  readonly term: Term;
  readonly key: Buffer;
}

export interface OrderSealOptions {
  readonly group: string;
  /**
   * The secrets that the group's replicas share beside the one in the record: the first seals, all of them open. Asked
   * each time, since they may be renewed, and once more, afresh, if none of them opens a box. Empty if there are none.
   */
  readonly secrets: (afresh?: boolean) => readonly Uint8Array[];
}

/**
 * AES-256-GCM with a key for each term, derived by HKDF (RFC 5869) from the secret in the group's record and the one that
 * its replicas share. Session and places are authenticated together with the orders, so a box is good for nothing
 * anywhere else. Only the primary of a term seals with the term's key, and counts its nonces.
 */
export class AesOrderSeal implements OrderSeal {
  readonly #options: OrderSealOptions;
  #keys: readonly Key[] = [];
  /** A random prefix for this life, and a counter. */
  readonly #nonce = realOf(randomFillSync)(Buffer.alloc(NONCE_BYTES));
  #counter = 0n;

  constructor(options: OrderSealOptions) {
    this.#options = options;
  }

  seal(
    secret: string,
    connection: ConnectionId,
    term: Term,
    orders: readonly [OrderInfo, ...OrderInfo[]],
  ): SealedOrders {
    const first = orders[0].orderNum;
    const last = (first + orders.length - 1) as OrderNum;
    const nonce = this.#nextNonce();
    const [shared] = this.#options.secrets();
    const cipher = createCipheriv(CIPHER, this.#key(secret, shared, term), nonce, TAG);
    cipher.setAAD(bound(connection, term, first, last));
    const hidden = cipher.update(encodeOrders(orders));
    cipher.final();
    return { term, first, last, box: Buffer.concat([nonce, hidden, cipher.getAuthTag()]) };
  }

  open(secret: string, connection: ConnectionId, sealed: SealedOrders): readonly OrderInfo[] | undefined {
    if (sealed.box.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const secrets = this.#options.secrets();
    const orders = this.#openWithAny(secrets, secret, connection, sealed);
    if (orders !== undefined) return orders;
    const renewed = this.#options.secrets(true);
    return renewed === secrets ? undefined : this.#openWithAny(renewed, secret, connection, sealed);
  }

  #openWithAny(
    secrets: readonly Uint8Array[],
    secret: string,
    connection: ConnectionId,
    sealed: SealedOrders,
  ): readonly OrderInfo[] | undefined {
    for (const shared of secrets.length === 0 ? [undefined] : secrets) {
      const orders = this.#openWith(this.#key(secret, shared, sealed.term), connection, sealed);
      if (orders !== undefined) return orders;
    }
    return undefined;
  }

  #openWith(key: Buffer, connection: ConnectionId, { term, first, last, box }: SealedOrders): OrderInfo[] | undefined {
    const decipher = createDecipheriv(CIPHER, key, box.subarray(0, NONCE_BYTES), TAG);
    decipher.setAAD(bound(connection, term, first, last));
    decipher.setAuthTag(box.subarray(-TAG_BYTES));
    const open = decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      decipher.final();
      return decodeOrders(open);
    } catch {
      // The box was forged, or sealed by a build that writes orders differently.
      return undefined;
    }
  }

  #nextNonce(): Buffer {
    this.#nonce.writeBigUInt64BE(this.#counter++, COUNTER_AT);
    return this.#nonce;
  }

  /** Most calls come in one term, so the search begins with the newest key. */
  #key(secret: string, shared: Uint8Array | undefined, term: Term): Buffer {
    const known = this.#keys.find((key) => key.term === term && key.shared === shared && key.secret === secret);
    if (known !== undefined) return known.key;
    const material = Buffer.concat([Buffer.from(secret), shared ?? Buffer.alloc(0)]);
    const info = `understudy orders of term ${term}`;
    const key = Buffer.from(hkdfSync('sha256', material, this.#options.group, info, KEY_BYTES));
    this.#keys = [{ secret, shared, term, key }, ...this.#keys.slice(0, KEYS_MAX - 1)];
    return key;
  }
}

/** The values that a box is bound to. */
const bound = (connection: ConnectionId, term: Term, first: OrderNum, last: OrderNum): Buffer =>
  Buffer.from(`${connection} ${term} ${first} ${last}`);
