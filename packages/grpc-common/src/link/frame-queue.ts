/** The frames that wait to leave on one link: small ones pass large ones between their chunks. */
import { CHUNK_BYTES, Chunker, type FrameBytes, frameLength, type Lane, wrapFrame } from '@understudy/wire';

/**
 * How many bytes gRPC is given before it has passed them on. What gRPC holds cannot be overtaken any more, so this is
 * how long a small frame may wait behind large ones.
 */
const WINDOW_BYTES = 128 * 1024;

/** The real clock: within a step of a handler the global one gives the time of the order. */
const nowMs = performance.now.bind(performance);
const chunker = new Chunker();
const NO_BYTES = new Uint8Array(0);

/** A link as far as it is written to. `taken` is called when gRPC has passed the message on, or given it up. */
export interface FrameSink {
  write(message: Buffer, taken: () => void): unknown;
}

export interface SendOptions {
  /** Default `ordinary`. A frame of the bulk lane leaves when no ordinary one waits. */
  readonly lane?: Lane;
  /** Called when gRPC has passed on the last byte of the frame. Never called if the queue is closed before. */
  readonly sent?: () => void;
}

interface Waiting {
  readonly sent: (() => void) | undefined;
  readonly chunks: Generator<Uint8Array, void, void>;
  /** The chunk that leaves next, once the frame has begun to leave. */
  next: Uint8Array | undefined;
  /** The bytes that have not left. */
  leftBytes: number;
}

/** Sends the frames of one link. Frames of one lane keep their order. */
export class FrameQueue {
  readonly #sink: FrameSink;
  readonly #seal: (message: Buffer) => Buffer;
  readonly #changed: () => void;
  readonly #ordinary: Waiting[] = [];
  readonly #bulk: Waiting[] = [];
  #inFlightBytes = 0;
  #waitingBytes = 0;
  #ordinaryBytes = 0;
  #takenAtMs = nowMs();
  #closed = false;
  #onPassedOn: (() => void)[] = [];

  /**
   * @param seal what each message becomes when it is its turn
   * @param changed called when `bytes` has changed
   */
  constructor(sink: FrameSink, seal: (message: Buffer) => Buffer = (message) => message, changed = () => {}) {
    this.#sink = sink;
    this.#seal = seal;
    this.#changed = changed;
  }

  /** The bytes that were given to this queue and that gRPC has not passed on. */
  get bytes(): number {
    return this.#inFlightBytes + this.#waitingBytes;
  }

  /** The bytes of the ordinary lane that gRPC was not given yet. */
  get ordinaryBytes(): number {
    return this.#ordinaryBytes;
  }

  /** Whether part of a frame waits. Chunks have headers, so byte counts do not tell. */
  get #waits(): boolean {
    return this.#ordinary.length + this.#bulk.length > 0;
  }

  /** For how long gRPC has passed on nothing, although something waits; 0 if nothing waits. */
  get stuckForMs(): number {
    return this.bytes === 0 ? 0 : nowMs() - this.#takenAtMs;
  }

  send(frame: FrameBytes, { lane = 'ordinary', sent }: SendOptions = {}): void {
    if (this.#closed) return;
    if (this.bytes === 0) this.#takenAtMs = nowMs();
    const isOrdinary = lane === 'ordinary';
    const length = frameLength(frame);
    if (
      isOrdinary &&
      frame instanceof Uint8Array &&
      length <= CHUNK_BYTES &&
      !this.#waits &&
      this.#inFlightBytes < WINDOW_BYTES
    ) {
      this.#write(this.#seal(wrapFrame(frame)), sent);
    } else {
      this.#waitingBytes += length;
      if (isOrdinary) this.#ordinaryBytes += length;
      const queue = isOrdinary ? this.#ordinary : this.#bulk;
      queue.push({ sent, chunks: chunker.chunks(frame, lane), next: undefined, leftBytes: length });
      this.#pump();
    }
    this.#changed();
  }

  /** Gives up what waits. What gRPC has stays with it. */
  close(): void {
    this.#closed = true;
    this.#ordinary.length = 0;
    this.#bulk.length = 0;
    this.#waitingBytes = 0;
    this.#ordinaryBytes = 0;
  }

  /** Resolves once gRPC has passed on, or given up, everything that it was given, also after `close`. */
  passedOn(): Promise<void> {
    if (this.#inFlightBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onPassedOn.push(resolve));
  }

  /** Gives gRPC everything that waits, for a link that is about to be ended after it. */
  flush(): void {
    this.#pump(Number.POSITIVE_INFINITY);
  }

  #pump(windowBytes = WINDOW_BYTES): void {
    while (!this.#closed && this.#inFlightBytes < windowBytes) {
      const lane = this.#ordinary.length > 0 ? this.#ordinary : this.#bulk;
      const [first] = lane;
      if (first === undefined) return;
      const chunk = first.next ?? first.chunks.next().value ?? NO_BYTES;
      first.next = first.chunks.next().value ?? undefined;
      const isLast = first.next === undefined;
      const bytes = isLast ? first.leftBytes : Math.min(chunk.length, first.leftBytes);
      first.leftBytes -= bytes;
      this.#waitingBytes -= bytes;
      if (lane === this.#ordinary) this.#ordinaryBytes -= bytes;
      if (isLast) lane.shift();
      this.#write(this.#seal(wrapFrame(chunk)), isLast ? first.sent : undefined);
    }
  }

  #write(message: Buffer, sent: (() => void) | undefined): void {
    const bytes = message.length;
    this.#inFlightBytes += bytes;
    this.#sink.write(message, () => {
      this.#inFlightBytes -= bytes;
      if (this.#inFlightBytes === 0) for (const tell of this.#onPassedOn.splice(0)) tell();
      if (this.#closed) return;
      this.#takenAtMs = nowMs();
      sent?.();
      this.#pump();
      this.#changed();
    });
  }
}
