import type { ConnectionId } from '../model/ids.js';
import { Fifo } from './fifo.js';
import type { Work } from './scheduler.js';

/** A unary call or a read: its place depends on nothing else of its connection. */
export const isSingle = (work: Work): boolean =>
  work.kind === 'read' || (work.kind === 'call' && work.request.stream === undefined);

/**
 * Keeps the sequence of a connection's streams and of the work that ends streams and connections, whatever the
 * criterion: a message never overtakes the opening of its stream, nor a cancellation the message before it.
 */
export class Chains {
  readonly #behind = new Map<ConnectionId, Fifo>();

  /** @returns whether the work is the first of its chain, and so may be ordered as soon as the criterion says */
  add(work: Work): boolean {
    if (isSingle(work)) return true;
    const name = connectionOf(work);
    const behind = this.#behind.get(name);
    if (behind === undefined) this.#behind.set(name, new Fifo());
    else behind.add(work);
    return behind === undefined;
  }

  /**
   * The first piece of a chain left.
   *
   * @returns the piece that is first now
   */
  left(work: Work): Work | undefined {
    if (isSingle(work)) return undefined;
    const name = connectionOf(work);
    const follows = this.#behind.get(name)?.next();
    if (follows === undefined) this.#behind.delete(name);
    return follows;
  }

  /** Takes out every piece that is not the first of its chain. */
  drain(): Work[] {
    const rest: Work[] = [];
    for (const behind of this.#behind.values()) {
      for (let work = behind.next(); work !== undefined; work = behind.next()) rest.push(work);
    }
    this.#behind.clear();
    return rest;
  }
}

function connectionOf({ connection }: Work): ConnectionId {
  return typeof connection === 'string' ? connection : (connection?.id as ConnectionId);
}
