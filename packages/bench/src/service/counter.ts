import { setTimeout as delay } from 'node:timers/promises';
import type { AddReply, AddRequest, CounterHandlers } from './proto.js';

/** The state of the measured service. It is so small that a measurement shows the cost of everything else. */
export class Counter {
  #total = 0;
  /** The result of the last work, so that no compiler leaves the work out. It is no part of the state. */
  #worked = 0;

  get worked(): number {
    return this.#worked;
  }

  get total(): number {
    return this.#total;
  }

  add(amount: number): number {
    this.#total = (this.#total + amount) >>> 0;
    return this.#total;
  }

  /** Takes time: the same number of steps on every replica. */
  work(steps: number): void {
    let x = 1;
    for (let i = 0; i < steps; i++) x = (Math.imul(x, 31) + i) | 0;
    this.#worked = x;
  }

  checkpoint(): Uint8Array {
    const state = new Uint8Array(4);
    new DataView(state.buffer).setUint32(0, this.#total);
    return state;
  }

  restore(state: Uint8Array): void {
    this.#total = new DataView(state.buffer, state.byteOffset, state.byteLength).getUint32(0);
  }
}

/** Does something in the outside world. A replicated service has it done once. */
export type Once = (run: () => Promise<void>) => Promise<void>;

function answer(
  counter: Counter,
  { request: { amount, payload, replyBytes = 0 } }: Parameters<CounterHandlers['add']>[0],
  reply: Parameters<CounterHandlers['add']>[1],
): void {
  reply(null, { total: counter.add(amount), payload: replyBytes === 0 ? payload : new Uint8Array(replyBytes) });
}

/** The handlers of the service. The bare and the replicated service use the same. */
export const handlers = (counter: Counter, once: Once = (run) => run()): CounterHandlers => ({
  add: (call, reply) => {
    const { work = 0, waitMs = 0, once: isEffect = false } = call.request;
    if (work > 0) counter.work(work);
    if (waitMs === 0) answer(counter, call, reply);
    else if (isEffect) void once(() => delay(waitMs)).then(() => answer(counter, call, reply));
    else setTimeout(answer, waitMs, counter, call, reply);
  },
  addLarge: (call, reply) => answer(counter, call, reply),
  total: ({ request: { payload } }, reply) => reply(null, { total: counter.total, payload } satisfies AddReply),
  addEach: (call) => {
    call.on('data', ({ amount, payload }: AddRequest) => {
      const answer: AddReply = { total: counter.add(amount), payload };
      if (!call.write(answer)) call.pause();
    });
    call.on('drain', () => call.resume());
    call.on('end', () => call.end());
  },
});
