/** Sessions without calls. */
import { type ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { type AddReply, type AddRequest, type CounterClient, PAYLOAD_BYTES } from '../service/proto.js';

const REQUEST: AddRequest = { amount: 1, payload: new Uint8Array(PAYLOAD_BYTES) };

const AT_ONCE = 25;

/**
 * Opens a session for each client that lasts. A session without an open call would end by itself, so each has a stream on
 * which one message was echoed and no other follows.
 */
export class IdleSessions {
  readonly #streams: ClientDuplexStream<AddRequest, AddReply>[] = [];

  /** Resolves when each stream has had its answer. */
  async open(clients: readonly CounterClient[]): Promise<void> {
    // A busy machine could not make more connections than this in time, and would give them up.
    for (let from = 0; from < clients.length; from += AT_ONCE)
      await Promise.all(clients.slice(from, from + AT_ONCE).map((client) => this.#open(client)));
  }

  #open(client: CounterClient): Promise<void> {
    const stream = client.addEach(new Metadata({ waitForReady: true }));
    this.#streams.push(stream);
    return new Promise((resolve, reject) => {
      stream.once('data', () => resolve());
      stream.on('error', reject);
      stream.write(REQUEST);
    });
  }
}
