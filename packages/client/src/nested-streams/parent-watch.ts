import { status as Status } from '@grpc/grpc-js';
import { type Handling, realOf, realTimeout, wallMs } from '@understudy/context';

/** The longest wait that a timer of Node can have. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export type EndStream = (code: Status, details: string) => void;

/** Ends a stream that a handler opened together with the call that the handler answers. */
export class ParentWatch {
  readonly #parent: Handling['parent'];
  readonly #end: EndStream;
  #leave: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param end is called within the handler, at a place in the order */
  constructor(handling: Handling, end: EndStream) {
    this.#parent = handling.parent;
    this.#end = end;
  }

  watchCancellation(): void {
    this.#leave = this.#parent?.onCancelled(() => this.#end(Status.CANCELLED, 'Cancelled by parent call'));
  }

  /**
   * Watches the deadline, on the primary alone because its clock decides. A handler that has answered has no deadline
   * any more.
   */
  watchDeadline(end: EndStream): void {
    const parent = this.#parent;
    if (parent?.deadlineMs === undefined) return;
    const leftMs = parent.deadlineMs - wallMs();
    if (leftMs > TIMER_MAX_MS) return;
    const onDeadline = (): void => {
      if (!parent.ended) end(Status.DEADLINE_EXCEEDED, 'Deadline of parent call exceeded');
    };
    this.#timer = realTimeout(onDeadline, Math.max(0, leftMs));
    this.#timer.unref();
  }

  close(): void {
    this.#leave?.();
    if (this.#timer !== undefined) realOf(clearTimeout)(this.#timer);
  }
}
