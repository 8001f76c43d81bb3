/** Encodings that lie in several pieces of memory. */

/** A frame as one encoding, or in pieces that follow each other. */
export type FrameBytes = Uint8Array | readonly Uint8Array[];

/** How many bytes a frame has. */
export const frameLength = (frame: FrameBytes): number =>
  frame instanceof Uint8Array ? frame.length : frame.reduce((sum, { length }) => sum + length, 0);

/** Reads the bytes of a frame one after the other, whatever pieces they are in. */
export class PieceReader {
  private readonly pieces: readonly Uint8Array[];
  private index = 0;
  private offset = 0;

  constructor(frame: FrameBytes) {
    this.pieces = frame instanceof Uint8Array ? [frame] : frame;
  }

  /** Fills `target` from `at` to its end. */
  fill(target: Uint8Array, at: number): void {
    for (let to = at; to < target.length; ) {
      const piece = this.pieces[this.index];
      if (piece === undefined) throw new RangeError('a frame has fewer bytes than its pieces were counted to have');
      const part = piece.subarray(this.offset, this.offset + target.length - to);
      target.set(part, to);
      to += part.length;
      this.offset += part.length;
      if (this.offset === piece.length) {
        this.index++;
        this.offset = 0;
      }
    }
  }
}
