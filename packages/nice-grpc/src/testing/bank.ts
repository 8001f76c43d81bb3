/** A nice-grpc service as one writes it without replication. */
import { type CallContext, type MethodDescriptor, ServerError, type ServiceImplementation, Status } from 'nice-grpc';

export interface Amount {
  readonly owner: string;
  readonly cents: number;
}

export interface Balance {
  readonly cents: number;
}

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const decode = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString());

function method<Q, R, const S extends boolean, const T extends boolean>(
  name: string,
  requestStream: S,
  responseStream: T,
) {
  return {
    path: `/bank.v1.Bank/${name}`,
    requestStream,
    responseStream,
    requestSerialize: encode as (value: Q) => Uint8Array,
    requestDeserialize: decode as (bytes: Uint8Array) => Q,
    responseSerialize: encode as (value: R) => Uint8Array,
    responseDeserialize: decode as (bytes: Uint8Array) => R,
    options: {} as MethodDescriptor['options'],
  };
}

export const BankDefinition = {
  deposit: method<Amount, Balance, false, false>('Deposit', false, false),
  statement: method<Amount, Balance, false, true>('Statement', false, true),
  depositAll: method<Amount, Balance, true, false>('DepositAll', true, false),
  chat: method<Amount, Balance, true, true>('Chat', true, true),
};

export class Bank implements ServiceImplementation<typeof BankDefinition> {
  readonly #history = new Map<string, number[]>();

  of(owner: string): number {
    return this.#history.get(owner)?.at(-1) ?? 0;
  }

  async deposit(amount: Amount, context: CallContext): Promise<Balance> {
    await Promise.resolve();
    if (amount.cents <= 0) throw new ServerError(Status.FAILED_PRECONDITION, 'nothing to deposit');
    context.trailer.set('bank', 'open');
    return this.#add(amount);
  }

  async *statement({ owner }: Amount): AsyncIterable<Balance> {
    for (const cents of this.#history.get(owner) ?? []) yield { cents };
  }

  async depositAll(amounts: AsyncIterable<Amount>): Promise<Balance> {
    let last: Balance = { cents: 0 };
    for await (const amount of amounts) last = this.#add(amount);
    return last;
  }

  async *chat(amounts: AsyncIterable<Amount>): AsyncIterable<Balance> {
    for await (const amount of amounts) yield this.#add(amount);
  }

  checkpoint(): Uint8Array {
    return encode([...this.#history]);
  }

  restore(state: Uint8Array): void {
    this.#history.clear();
    for (const [owner, history] of decode(state)) this.#history.set(owner, history);
  }

  #add({ owner, cents }: Amount): Balance {
    const balance = this.of(owner) + cents;
    this.#history.set(owner, [...(this.#history.get(owner) ?? []), balance]);
    return { cents: balance };
  }
}
