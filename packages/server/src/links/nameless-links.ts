/** Links that have not said who they are: each has a deadline, and all of them a bound. */
import type { AcceptedLink } from './accepted-link.js';

/** How many links may be open that have not said who they are. */
const NAMELESS_MAX = 64;
/** How long a link may take to say who it is and to prove it. */
const NAMED_WITHIN_MS = 5_000;

interface Nameless {
  readonly link: AcceptedLink;
  /** The connection that the link is on. */
  readonly peer: string;
  readonly end: (reason: string) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Links that have not proved who they are. Strangers may open any number of them, so each has a deadline; and beyond a
 * bound every newcomer displaces the oldest of the connection that has most.
 */
export class NamelessLinks {
  readonly #links = new Set<Nameless>();
  readonly #max: number;

  constructor(max = NAMELESS_MAX) {
    this.#max = max;
  }

  /** @param end ends the link, which no longer counts as nameless then */
  add(link: AcceptedLink, end: (reason: string) => void): void {
    if (this.#links.size >= this.#max) this.#end(this.#mostCrowded(), 'others wait to say who they are');
    const late = `it did not say and prove who it is within ${NAMED_WITHIN_MS / 1000} s`;
    const timer = setTimeout(() => {
      // After a blocked loop, frames that the other side has sent are read first.
      setImmediate(() => {
        if (this.#links.has(nameless)) this.#end(nameless, late);
      });
    }, NAMED_WITHIN_MS).unref();
    const nameless: Nameless = { link, peer: link.getPeer(), end, timer };
    this.#links.add(nameless);
  }

  delete(link: AcceptedLink): void {
    for (const nameless of this.#links) if (nameless.link === link) this.#forget(nameless);
  }

  closeAll(): void {
    for (const nameless of [...this.#links]) {
      this.#forget(nameless);
      nameless.link.end();
    }
  }

  #end(nameless: Nameless | undefined, reason: string): void {
    if (nameless === undefined) return;
    this.#forget(nameless);
    nameless.end(reason);
  }

  #forget(nameless: Nameless): void {
    clearTimeout(nameless.timer);
    this.#links.delete(nameless);
  }

  #mostCrowded(): Nameless | undefined {
    const oldest = new Map<string, { readonly first: Nameless; count: number }>();
    for (const nameless of this.#links) {
      const known = oldest.get(nameless.peer);
      if (known === undefined) oldest.set(nameless.peer, { first: nameless, count: 1 });
      else known.count++;
    }
    let most: { readonly first: Nameless; readonly count: number } | undefined;
    for (const each of oldest.values()) if (most === undefined || each.count > most.count) most = each;
    return most?.first;
  }
}
