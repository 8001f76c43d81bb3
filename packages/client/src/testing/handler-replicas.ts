/** A group of replicas that run the same handler, for tests of the streams that handlers open. */
import {
  type Handling,
  handle,
  type NestedCallHandle,
  type NestedRequest,
  type ParentCall,
  type SendNested,
  type SentCall,
} from '@understudy/context';
import type { Reply } from '@understudy/core/internal';
import { callerAt } from './scripted-handling.js';

interface Made {
  readonly request: NestedRequest;
  readonly send: SendNested;
  readonly receive: (outcome: Reply) => void;
  sent: SentCall | undefined;
  received: boolean;
}

/** The operations of all replicas have the same places, and so have their outcomes. The first that lives is primary. */
export class HandlerReplicas {
  readonly #replicas: Replica[];
  /** The outcome of each operation, as far as it has its place. */
  readonly #ordered = new Map<number, Reply>();
  #order: Promise<void> = Promise.resolve();

  constructor(count: number, parent?: ParentCall) {
    this.#replicas = Array.from({ length: count }, () => new Replica(this, parent));
  }

  /** Runs the handler on each replica. */
  run<T>(handler: () => T): T[] {
    return this.#replicas.map((replica) => handle(replica, handler));
  }

  /** Continues the handlers that live, within a step. */
  goOn(act: (index: number) => void): void {
    this.#replicas.forEach((replica, index) => {
      if (replica.lives) handle(replica, () => act(index));
    });
  }

  get requests(): readonly NestedRequest[] {
    return this.#primary.made.map(({ request }) => request);
  }

  get open(): number {
    return this.#primary.made.filter(({ received }) => !received).length;
  }

  /** The primary dies, and the next replica sends again what has no outcome. */
  killPrimary(): void {
    const dead = this.#primary;
    dead.lives = false;
    for (const { sent } of dead.made) sent?.leave?.();
    this.#primary.made.forEach((made, index) => {
      if (!this.#ordered.has(index)) this.#send(this.#primary, made, index, true);
    });
  }

  made(replica: Replica, made: Made, index: number): void {
    const outcome = this.#ordered.get(index);
    if (outcome !== undefined) give(replica, made, outcome);
    else if (replica === this.#primary) setImmediate(() => this.#send(replica, made, index, false));
  }

  get #primary(): Replica {
    const primary = this.#replicas.find(({ lives }) => lives);
    if (primary === undefined) throw new Error('all replicas are dead');
    return primary;
  }

  #send(replica: Replica, made: Made, index: number, again: boolean): void {
    if (!replica.lives) return;
    let isDone = false;
    made.sent = handle(undefined, () =>
      made.send(
        callerAt(7, index),
        (outcome) => {
          if (isDone) throw new Error(`operation ${index} ended twice`);
          isDone = true;
          if (replica.lives) this.#place(index, outcome);
        },
        again,
      ),
    );
  }

  #place(index: number, outcome: Reply): void {
    this.#order = this.#order.then(async () => {
      if (this.#ordered.has(index)) return;
      this.#ordered.set(index, outcome);
      for (const replica of this.#replicas) {
        const made = replica.made[index];
        if (made !== undefined && replica.lives) give(replica, made, outcome);
      }
      await new Promise(setImmediate);
    });
  }
}

function give(replica: Replica, made: Made, outcome: Reply): void {
  made.received = true;
  process.nextTick(() => handle(replica, () => made.receive(outcome)));
}

const UNENDING: ParentCall = { deadlineMs: undefined, ended: false, onCancelled: () => () => {} };

class Replica implements Handling {
  readonly uncaught = undefined;
  readonly values = undefined;
  readonly made: Made[] = [];
  readonly group: HandlerReplicas;
  readonly parent: ParentCall;
  lives = true;

  constructor(group: HandlerReplicas, parent: ParentCall = UNENDING) {
    this.group = group;
    this.parent = parent;
  }

  nest(request: NestedRequest, send: SendNested, receive: (outcome: Reply) => void): NestedCallHandle {
    const made: Made = { request, send, receive, sent: undefined, received: false };
    this.made.push(made);
    this.group.made(this, made, this.made.length - 1);
    return { cancel: () => made.sent?.cancel() };
  }
}
