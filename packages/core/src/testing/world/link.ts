/** The end of a link: it travels behind the last frame that still arrives. */
export const END = 'end';

/**
 * One direction of a link between two processes. It keeps its order and loses nothing until it breaks; then it loses a
 * tail of what is on its way. Frames that are sent after the end lie behind it and never arrive.
 */
export class VirtualLink<Frame> {
  #frames: (Frame | typeof END)[] = [];

  /** How much is on its way, the end included. */
  get length(): number {
    return this.#frames.length;
  }

  send(frame: Frame): void {
    this.#frames.push(frame);
  }

  /** Its sender ends it: everything on its way still arrives. */
  end(): void {
    this.break(this.#frames.length);
  }

  /** It breaks: only the first `keep` frames on their way still arrive, and then the end. */
  break(keep: number): void {
    if (this.#frames.at(-1) === END) return;
    this.#frames.length = Math.min(this.#frames.length, keep);
    this.#frames.push(END);
  }

  /** Its receiver reads no more: whatever is on its way is lost. */
  close(): void {
    this.#frames = [];
  }

  /** The next frame that arrives, or the end. */
  get head(): Frame | typeof END | undefined {
    return this.#frames[0];
  }

  /** @returns the next frame that arrives, or the end; undefined if nothing is on its way */
  take(): Frame | typeof END | undefined {
    return this.#frames.shift();
  }
}
