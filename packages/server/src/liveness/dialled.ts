import { timingSafeEqual } from 'node:crypto';
import { connect } from 'node:net';
import {
  ANSWER,
  BEAT,
  BEAT_BYTES,
  CHALLENGE,
  HELLO,
  hmac,
  Line,
  NONCE_BYTES,
  newNonce,
  PROOF,
  PROOF_BYTES,
  PROVEN_WITHIN_MS,
} from './line.js';
import type { Door } from './messages.js';

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;
/** After this many failures in a row the thread reports to the main thread. */
const TELL_AFTER = 6;
/** A link whose other end answers no heartbeat for this long is closed and dialled again. */
const UNANSWERED_MAX_MS = 2_000;

export interface DialledOptions {
  readonly onAnswer: (term: number, sentAtMs: number, acknowledges: boolean) => void;
  /** Called when the other thread is reached again after `onUnreached`. */
  readonly onReached: () => void;
  /** Called when the other thread could not be reached several times in a row. */
  readonly onUnreached: (reason: string) => void;
}

/** A link to another replica's thread. It is dialled until it is closed. */
export class Dialled {
  readonly #options: DialledOptions;
  #door: Door;
  #line: Line | undefined;
  #up = false;
  /** How often in a row it failed since the other replica let this one in. */
  #failures = 0;
  #told = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  /** When the oldest unanswered heartbeat was sent. */
  #unansweredMs: number | undefined;

  constructor(door: Door, options: DialledOptions) {
    this.#options = options;
    this.#door = door;
    this.#connect();
  }

  /** The other replica has let this one in anew. A link that is up stays up. */
  renew(door: Door): void {
    this.#door = door;
    if (this.#up) return;
    // Failures from a time when the main link was down as well were told to nobody, so they are counted anew.
    this.#failures = 0;
    clearTimeout(this.#retry);
    const line = this.#line;
    this.#line = undefined;
    line?.socket.destroy();
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#line?.socket.destroy();
  }

  beat(term: number, sentAtMs: number): void {
    if (!this.#up) return;
    this.#unansweredMs ??= sentAtMs;
    if (sentAtMs - this.#unansweredMs > UNANSWERED_MAX_MS) {
      this.#line?.refuse('it does not answer');
      return;
    }
    const payload = Buffer.alloc(BEAT_BYTES);
    payload.writeUInt32BE(term);
    payload.writeDoubleBE(sentAtMs, 4);
    this.#line?.send(BEAT, payload);
  }

  #connect(): void {
    const { host, port, ticket, key } = this.#door;
    const nonce = newNonce();
    const socket = connect({ host, port });
    const late = setTimeout(() => socket.destroy(new Error('no answer')), PROVEN_WITHIN_MS).unref();
    const line: Line = new Line(
      socket,
      (kind, payload) => {
        if (line !== this.#line) return;
        if (!this.#up) {
          const proof = proofFor(kind, payload, key, nonce);
          if (proof === undefined) {
            line.refuse('it does not prove who it is');
            return;
          }
          clearTimeout(late);
          line.send(PROOF, proof);
          const theirs = payload.subarray(0, NONCE_BYTES);
          line.seal(hmac(key, 'to dialler', nonce, theirs), hmac(key, 'to dialled', nonce, theirs));
          this.#isUp();
        } else if (kind === ANSWER && payload.length === BEAT_BYTES + 1) {
          this.#unansweredMs = undefined;
          this.#options.onAnswer(payload.readUInt32BE(0), payload.readDoubleBE(4), payload[BEAT_BYTES] === 1);
        }
      },
      (reason) => {
        clearTimeout(late);
        if (line === this.#line && !this.#closed) this.#lost(reason);
      },
    );
    this.#line = line;
    line.send(HELLO, Buffer.concat([Buffer.from(ticket, 'hex'), nonce]));
  }

  #isUp(): void {
    this.#up = true;
    this.#unansweredMs = undefined;
    if (this.#told) this.#options.onReached();
    this.#told = false;
    this.#failures = 0;
  }

  #lost(reason: string): void {
    this.#line = undefined;
    this.#up = false;
    this.#failures++;
    if (this.#failures === TELL_AFTER) {
      this.#told = true;
      this.#options.onUnreached(reason);
    }
    const waitMs = Math.min(RETRY_FIRST_MS * 2 ** (this.#failures - 1), RETRY_MAX_MS);
    this.#retry = setTimeout(() => this.#connect(), waitMs).unref();
  }
}

/** @returns this side's proof if the other side's is right */
function proofFor(kind: number, payload: Buffer, key: Uint8Array, nonce: Buffer): Buffer | undefined {
  if (kind !== CHALLENGE || payload.length !== NONCE_BYTES + PROOF_BYTES) return undefined;
  const theirs = payload.subarray(0, NONCE_BYTES);
  if (!timingSafeEqual(payload.subarray(NONCE_BYTES), hmac(key, 'dialled', nonce, theirs))) return undefined;
  return hmac(key, 'dialler', nonce, theirs);
}
