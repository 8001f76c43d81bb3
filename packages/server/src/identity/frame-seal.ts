/** Authenticates every message of a link with the link's key and the message's number. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { UnderstudyError } from '@understudy/core';

/** Half of an HMAC-SHA256, which RFC 2104 allows. */
const MAC_BYTES = 16;
/** Field 2 of the message `Frame`, `bytes mac`, with its length. */
const MAC_FIELD = Buffer.from([0x12, MAC_BYTES]);
const SEAL_BYTES = MAC_FIELD.length + MAC_BYTES;

/** One direction of a link. A message that was lost, repeated, reordered, altered or forged has the wrong MAC. */
export class FrameSeal {
  readonly #key: Buffer;
  readonly #number = Buffer.alloc(8);
  #count = 0;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The message with its MAC. Several links may share `message`, so it is copied. */
  seal(message: Buffer): Buffer {
    return Buffer.concat([message, MAC_FIELD, this.#mac(message)], message.length + SEAL_BYTES);
  }

  /**
   * Takes the MAC off.
   *
   * @throws UNDERSTUDY_MALFORMED if it is wrong; the link must end, since nothing after it can be right
   */
  open(sealed: Buffer): Buffer {
    const end = sealed.length - SEAL_BYTES;
    if (end < 0 || sealed[end] !== MAC_FIELD[0] || sealed[end + 1] !== MAC_FIELD[1]) refuse('a message without a MAC');
    const message = sealed.subarray(0, end);
    if (!timingSafeEqual(this.#mac(message), sealed.subarray(end + MAC_FIELD.length))) {
      refuse('a message with a wrong MAC: it was altered, repeated or made up on its way');
    }
    return message;
  }

  #mac(message: Buffer): Buffer {
    this.#number.writeBigUInt64BE(BigInt(++this.#count));
    return createHmac('sha256', this.#key).update(this.#number).update(message).digest().subarray(0, MAC_BYTES);
  }
}

function refuse(what: string): never {
  throw new UnderstudyError('UNDERSTUDY_MALFORMED', what);
}
