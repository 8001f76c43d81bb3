import type { Outcome, Reply, SessionEvent, StreamItem } from '@understudy/core/internal';
import { demand } from '../../violation.js';

/** The newest term that a session heard of, and the answers that reach it in the name of an older one. */
export class Terms {
  #newest = 0;
  #outdated: readonly (Outcome | StreamItem)[] = [];

  /** Called before each step of the session. */
  hear(event: SessionEvent): void {
    const answers = answersOf(event);
    const isOlder = answers !== undefined && answers.term < this.#newest;
    this.#outdated = isOlder ? answers.outcomes : [];
    if (answers !== undefined && answers.term > this.#newest) this.#newest = answers.term;
  }

  /** DESIGN 7.4: no answer of an older term's primary is delivered once the session knows a newer term. */
  check(client: string, what: Reply | StreamItem, name: string | undefined): void {
    demand(!this.#outdated.includes(what), () => `${client} delivers ${name} from a primary of an older term`);
  }
}

interface Answers {
  readonly term: number;
  readonly outcomes: readonly (Outcome | StreamItem)[];
}

/** An answer of a replica, and the term in whose name it is given. */
function answersOf(event: SessionEvent): Answers | undefined {
  if (event.kind === 'rpcReply') return { term: event.header.header.term, outcomes: [event.outcome] };
  if (event.kind !== 'frame' || event.frame.kind !== 'replies') return undefined;
  const { header, replies, reads, items } = event.frame;
  const outcomes = [...replies, ...reads].map(({ outcome }) => outcome);
  const given = items.map(({ item }) => (item.kind === 'status' ? item.outcome : item));
  return { term: header.term, outcomes: [...outcomes, ...given] };
}
