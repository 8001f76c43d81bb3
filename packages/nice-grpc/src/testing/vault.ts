/** A nice-grpc service that uses what nice-grpc offers its handlers: metadata both ways, errors, the signal. */
import { type CallContext, type MethodDescriptor, ServerError, type ServiceImplementation, Status } from 'nice-grpc';

export interface Coins {
  readonly owner: string;
  readonly coins: number;
}

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const decode = (bytes: Uint8Array): Coins => JSON.parse(Buffer.from(bytes).toString());

const method = <const S extends boolean, const T extends boolean>(
  name: string,
  requestStream: S,
  responseStream: T,
) => ({
  path: `/vault.v1.Vault/${name}`,
  requestStream,
  responseStream,
  requestSerialize: encode as (value: Coins) => Uint8Array,
  requestDeserialize: decode,
  responseSerialize: encode as (value: Coins) => Uint8Array,
  responseDeserialize: decode,
  options: {} as MethodDescriptor['options'],
});

export const VaultDefinition = {
  put: method('Put', false, false),
  hold: method('Hold', false, false),
  list: method('List', false, true),
  putAll: method('PutAll', true, false),
  exchange: method('Exchange', true, true),
};

export class Vault implements ServiceImplementation<typeof VaultDefinition> {
  #coins: Record<string, number> = {};
  /** Calls that have ended, and whether their signal was aborted by then. */
  readonly ended: string[] = [];

  async put({ owner, coins }: Coins, context: CallContext): Promise<Coins> {
    answerMetadata(context);
    await Promise.resolve();
    return this.#add(owner, coins);
  }

  /** Waits until its caller gives up. */
  async hold(_coins: Coins, { signal }: CallContext): Promise<Coins> {
    await aborted(signal);
    this.ended.push('hold, aborted');
    throw new ServerError(Status.CANCELLED, 'let go');
  }

  async *list({ owner, coins }: Coins, context: CallContext): AsyncIterable<Coins> {
    answerMetadata(context);
    context.sendHeader();
    for (let i = 1; i <= coins; i++) yield { owner, coins: i };
    if (owner === 'watch') {
      await aborted(context.signal);
      this.ended.push('watch, aborted');
    }
    if (owner === 'nobody') throw new ServerError(Status.NOT_FOUND, 'no such owner');
  }

  async putAll(all: AsyncIterable<Coins>, context: CallContext): Promise<Coins> {
    answerMetadata(context);
    let last: Coins = { owner: '', coins: 0 };
    for await (const { owner, coins } of all) last = this.#add(owner, coins);
    return last;
  }

  async *exchange(all: AsyncIterable<Coins>, context: CallContext): AsyncIterable<Coins> {
    answerMetadata(context);
    try {
      for await (const { owner, coins } of all) yield this.#add(owner, coins);
    } finally {
      this.ended.push(context.signal.aborted ? 'exchange, aborted' : 'exchange');
    }
  }

  checkpoint(): Uint8Array {
    return encode(this.#coins);
  }

  restore(state: Uint8Array): void {
    this.#coins = JSON.parse(Buffer.from(state).toString());
  }

  #add(owner: string, coins: number): Coins {
    if (coins === 13) throw new Error('unlucky');
    if (coins < 0) throw new ServerError(Status.FAILED_PRECONDITION, 'nothing is taken out');
    this.#coins[owner] = (this.#coins[owner] ?? 0) + coins;
    return { owner, coins: this.#coins[owner] };
  }
}

/** Sends the metadata of the request back, in the header and in the trailer. */
function answerMetadata({ metadata, header, trailer }: CallContext): void {
  header.set('who-was', metadata.getAll('who').map(String));
  header.set('seal-bin', metadata.get('seal-bin') ?? new Uint8Array([0]));
  trailer.set('seen', String(metadata.has('who')));
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
