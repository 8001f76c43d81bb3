/** Full load by streams. */
import type { Pace } from '../ipc/commands.js';
import type { CounterClient } from '../service/proto.js';
import { StreamLane } from './stream-lane.js';
import type { Tally } from './tally.js';

/** Keeps a number of streams busy until they are ended. */
export class StreamLoad {
  readonly #client: CounterClient;
  readonly #tally: Tally;
  #lanes: readonly StreamLane[] = [];
  #ended: readonly Promise<void>[] = [];
  #sent = 0;

  constructor(client: CounterClient, tally: Tally) {
    this.#client = client;
    this.#tally = tally;
  }

  open(streams: number, pace: Pace): void {
    const lanes: StreamLane[] = [];
    this.#ended = Array.from({ length: streams }, () => {
      const { promise, resolve } = withResolver();
      const onEnd = (sent: number): void => {
        this.#sent += sent;
        resolve();
      };
      lanes.push(new StreamLane(this.#client, this.#tally, pace, onEnd));
      return promise;
    });
    this.#lanes = lanes;
  }

  /** @returns how many messages were sent in all, on these streams and on earlier ones */
  async end(): Promise<number> {
    for (const lane of this.#lanes) lane.end();
    await Promise.all(this.#ended);
    return this.#sent;
  }
}

function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
