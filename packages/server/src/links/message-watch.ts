/**
 * Bounds the memory that grpc-js takes for an unfinished message on a link. grpc-js would hold four mebibytes of each,
 * in as many pieces as they came in, and counts that nowhere (1.14).
 */
import { MESSAGE_BYTES_MAX } from '@understudy/wire';
import { type AcceptedLink, http2Of } from './accepted-link.js';

/** The bytes before each gRPC message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;
/** The longest message, with room for a MAC and for what compression adds to bytes that it cannot shorten. */
const LENGTH_MAX = MESSAGE_BYTES_MAX + 1024;
/** The memory that a piece of a message takes at least, however few bytes it has. */
const PIECE_BYTES_MIN = 512;
/**
 * The memory that the pieces of one message may take. In the packets of any network they take hardly more than their
 * bytes.
 */
const PIECES_MAX = 2 * LENGTH_MAX;

/** Follows the messages in the bytes of one gRPC stream. */
export class MessageWatch {
  /** How many bytes the message that has begun still lacks. */
  #missing = 0;
  #prefix = 0;
  #length = 0;
  #pieces = 0;

  /** @returns what is wrong with the message that has begun, in a sentence; undefined if nothing is */
  push(bytes: Uint8Array): string | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#missing > 0) {
        const part = Math.min(this.#missing, bytes.length - at);
        at += part;
        this.#missing -= part;
        this.#pieces = this.#missing === 0 ? 0 : this.#pieces + Math.max(part, PIECE_BYTES_MIN);
        if (this.#pieces > PIECES_MAX) return 'a message in more pieces than any network makes of it';
        continue;
      }
      if (this.#prefix > 0) this.#length = this.#length * 256 + (bytes[at] ?? 0);
      at++;
      if (++this.#prefix < PREFIX_BYTES) continue;
      if (this.#length > LENGTH_MAX) {
        return `a message of ${this.#length} bytes; frames travel in messages of ${MESSAGE_BYTES_MAX} at most`;
      }
      this.#missing = this.#length;
      this.#prefix = 0;
      this.#length = 0;
    }
    return undefined;
  }
}

/**
 * Watches the messages of a link, which must not have been read yet. If grpc-js keeps the stream elsewhere, nothing is
 * watched.
 *
 * @param refuse called once, with what is wrong, in a sentence
 */
export function watchMessages(link: AcceptedLink, refuse: (reason: string) => void): void {
  const stream = http2Of(link);
  if (stream === undefined) return;
  const watch = new MessageWatch();
  const look = (bytes: Buffer): void => {
    const reason = watch.push(bytes);
    if (reason === undefined) return;
    stream.off('data', look);
    refuse(reason);
  };
  stream.on('data', look);
}
