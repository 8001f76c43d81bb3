/** What liveness threads say to each other: a byte of length, a byte of kind, the rest, and a MAC once both are proven. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';

export const HELLO = 1;
export const CHALLENGE = 2;
export const PROOF = 3;
export const BEAT = 4;
export const ANSWER = 5;
export const TICKET_BYTES = 16;
export const NONCE_BYTES = 16;
export const PROOF_BYTES = 32;
const MAC_BYTES = 16;
/** The fields of a heartbeat: term, sentAtMs. An answer adds whether it acknowledges. */
export const BEAT_BYTES = 4 + 8;
/** More unread bytes than this are no frame of ours. */
const UNREAD_MAX = 4096;
/** A socket with this many bytes still to take gets no more heartbeats. */
const UNSENT_MAX = 4096;
export const PROVEN_WITHIN_MS = 3_000;

export const hmac = (key: Uint8Array, ...parts: readonly (string | Uint8Array)[]): Buffer => {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};

/** Random bytes. The thread has its own functions, which nobody replaces. */
export const newNonce = (): Buffer => randomBytes(NONCE_BYTES);

/** Counts and authenticates the frames of one direction of a link. */
class Seal {
  readonly #key: Buffer;
  readonly #count = Buffer.alloc(8);
  #next = 0n;

  constructor(key: Buffer) {
    this.#key = key;
  }

  mac(kind: number, payload: Uint8Array): Buffer {
    this.#count.writeBigUInt64BE(this.#next++);
    return hmac(this.#key, this.#count, Uint8Array.of(kind), payload).subarray(0, MAC_BYTES);
  }
}

/** One socket: cuts what arrives into frames. */
export class Line {
  readonly socket: Socket;
  #unread: Buffer = Buffer.alloc(0);
  #incoming: Seal | undefined;
  #outgoing: Seal | undefined;

  constructor(socket: Socket, onFrame: (kind: number, payload: Buffer) => void, onEnd: (reason: string) => void) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.unref();
    let reason = 'the connection ended';
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => onEnd(reason));
    socket.on('data', (bytes) => {
      this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
      while (!socket.destroyed && this.#unread.length >= 2) {
        const length = 2 + (this.#unread[0] as number) + (this.#incoming === undefined ? 0 : MAC_BYTES);
        if (this.#unread.length < length) break;
        const kind = this.#unread[1] as number;
        const payload = this.#unread.subarray(2, 2 + (this.#unread[0] as number));
        const mac = this.#unread.subarray(2 + payload.length, length);
        this.#unread = this.#unread.subarray(length);
        if (this.#incoming === undefined || timingSafeEqual(mac, this.#incoming.mac(kind, payload))) {
          onFrame(kind, payload);
        } else {
          this.refuse('a frame that is not authentic');
        }
      }
      if (this.#unread.length > UNREAD_MAX) this.refuse('no frame of a liveness thread');
    });
  }

  seal(incoming: Buffer, outgoing: Buffer): void {
    this.#incoming = new Seal(incoming);
    this.#outgoing = new Seal(outgoing);
  }

  send(kind: number, payload: Uint8Array): void {
    if (this.socket.destroyed || this.socket.writableLength > UNSENT_MAX) return;
    const parts = [Uint8Array.of(payload.length, kind), payload];
    if (this.#outgoing !== undefined) parts.push(this.#outgoing.mac(kind, payload));
    this.socket.write(Buffer.concat(parts));
  }

  refuse(reason: string): void {
    this.socket.destroy(new Error(reason));
  }
}
