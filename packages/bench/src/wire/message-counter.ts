/** The bytes before each message: one that says whether it is compressed, and four with its length. */
const PREFIX_BYTES = 5;

/** Counts the length-prefixed messages of one gRPC stream in one direction. */
export class MessageCounter {
  readonly #onMessage: () => void;
  #prefixBytes = 0;
  #length = 0;
  #left = 0;

  constructor(onMessage: () => void) {
    this.#onMessage = onMessage;
  }

  push(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, to - at);
        this.#left -= taken;
        at += taken;
      } else {
        at = this.#prefix(chunk, at);
      }
    }
  }

  #prefix(chunk: Buffer, at: number): number {
    if (this.#prefixBytes > 0) this.#length = this.#length * 0x100 + (chunk[at] ?? 0);
    this.#prefixBytes += 1;
    if (this.#prefixBytes === PREFIX_BYTES) {
      this.#onMessage();
      this.#left = this.#length;
      this.#length = 0;
      this.#prefixBytes = 0;
    }
    return at + 1;
  }
}
