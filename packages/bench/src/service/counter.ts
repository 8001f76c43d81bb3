import type { AddReply, AddRequest, CounterHandlers } from './proto.js';

/** The state of the measured service. It is so small that a measurement shows the cost of everything else. */
export class Counter {
  #total = 0;
  /** The result of the last work, so that no compiler leaves the work out. It is no part of the state. */
  #worked = 0;

  get worked(): number {
    return this.#worked;
  }

  add(amount: number): number {
    this.#total = (this.#total + amount) >>> 0;
    return this.#total;
  }

  /** Takes time, the same number of steps wherever it runs. */
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

/** The handlers of the service. The bare and the replicated service use the same. */
export const handlers = (counter: Counter): CounterHandlers => ({
  add: ({ request: { amount, payload, work = 0 } }, reply) => {
    if (work > 0) counter.work(work);
    const answer: AddReply = { total: counter.add(amount), payload };
    reply(null, answer);
  },
  addEach: (call) => {
    call.on('data', ({ amount, payload }: AddRequest) => {
      const answer: AddReply = { total: counter.add(amount), payload };
      if (!call.write(answer)) call.pause();
    });
    call.on('drain', () => call.resume());
    call.on('end', () => call.end());
  },
});
