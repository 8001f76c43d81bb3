/** One of the streams that are measured. */
import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import type { Pace } from '../ipc/commands.js';
import { type AddReply, type AddRequest, type CounterClient, PAYLOAD_BYTES } from '../service/proto.js';
import type { Tally } from './tally.js';

const REQUEST: AddRequest = { amount: 1, payload: new Uint8Array(PAYLOAD_BYTES).fill(0x55) };
const NOT_TIMED = 0n;

/** Keeps one stream busy: sends as fast as flow control allows, or each message when the one before has come back. */
export class StreamLane {
  readonly #call: ClientDuplexStream<AddRequest, AddReply>;
  readonly #tally: Tally;
  readonly #pace: Pace;
  readonly #onEnd: (sent: number) => void;
  #sent = 0;
  #sentAtNs = 0n;
  #ending = false;

  /** @param onEnd called with the number of messages sent, when all have come back and the call has ended */
  constructor(client: CounterClient, tally: Tally, pace: Pace, onEnd: (sent: number) => void) {
    this.#tally = tally;
    this.#pace = pace;
    this.#onEnd = onEnd;
    this.#call = client.addEach();
    this.#call.on('data', this.#onReply);
    this.#call.on('drain', this.#fill);
    // A failure also arrives as a status. Without a listener for `error`, Node would throw it.
    this.#call.on('error', () => {});
    this.#call.on('status', (status) => this.#ended(status));
    if (pace === 'window') this.#fill();
    else this.#sendOne();
  }

  end(): void {
    this.#ending = true;
    // At pace 'one', the stream ends when the message that is under way has come back.
    if (this.#pace === 'window') this.#call.end();
  }

  readonly #fill = (): void => {
    if (this.#pace !== 'window') return;
    while (!this.#ending && this.#send());
  };

  #sendOne(): void {
    this.#sentAtNs = process.hrtime.bigint();
    this.#send();
  }

  #send(): boolean {
    this.#sent += 1;
    return this.#call.write(REQUEST);
  }

  readonly #onReply = (): void => {
    if (this.#pace === 'window') {
      this.#tally.reply(NOT_TIMED);
      return;
    }
    this.#tally.reply(process.hrtime.bigint() - this.#sentAtNs);
    if (this.#ending) this.#call.end();
    else this.#sendOne();
  };

  #ended({ code, details }: StatusObject): void {
    if (code !== 0 || !this.#ending) this.#tally.failure(`status ${code}: ${details}`);
    this.#onEnd(this.#sent);
  }
}
