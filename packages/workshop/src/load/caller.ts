/** Makes the calls of a load. */
import { type CallOptions, Metadata, type requestCallback, type ServiceError } from '@grpc/grpc-js';
import type { Operation, Receipt } from '@understudy/examples/bank/operation.js';
import type { Balance, BankClient } from '@understudy/examples/bank/proto.js';
import { monotonicMs } from '../hosting/clock.js';
import { endOf } from './end.js';
import type { CallEnd, Called } from './messages.js';

/** A call that takes this long, which is much longer than a failover, counts as lost. */
const DEADLINE_MS = 15_000;

type Method<Reply> = (
  request: object,
  metadata: Metadata,
  options: CallOptions,
  done: requestCallback<Reply>,
) => unknown;

/** Carries out operations and notes the replies. */
export class Caller {
  readonly #client: BankClient;
  /** Whether each change carries an idempotency key, so that grpc-js may retry it. */
  readonly #keyed: boolean;

  constructor(client: BankClient, keyed: boolean) {
    this.#client = client;
    this.#keyed = keyed;
  }

  async call(caller: number, operation: Operation): Promise<Called> {
    const invokedAtMs = monotonicMs();
    const end = await this.#end(operation);
    return { kind: 'called', caller, operation, invokedAtMs, endedAtMs: monotonicMs(), end };
  }

  async #end(operation: Operation): Promise<CallEnd> {
    try {
      if (operation.kind === 'balance') {
        const { sequence, balanceCents } = await this.#send<Balance>('getBalance', operation);
        return { kind: 'answered', sequence, balanceCents, toBalanceCents: 0 };
      }
      const { sequence, balanceCents, toBalanceCents } = await this.#send<Receipt>(operation.kind, operation);
      return { kind: 'answered', sequence, balanceCents, toBalanceCents };
    } catch (error) {
      return endOf(error as ServiceError);
    }
  }

  #send<Reply>(method: keyof BankClient & string, { id, kind, ...rest }: Operation): Promise<Reply> {
    const metadata = new Metadata();
    if (this.#keyed && kind !== 'balance') metadata.set('idempotency-key', `operation-${id}`);
    const options = { deadline: Date.now() + DEADLINE_MS };
    const call = (this.#client as unknown as Record<string, Method<Reply>>)[method];
    return new Promise((resolve, reject) => {
      call?.call(this.#client, { operationId: id, ...rest }, metadata, options, (error, reply) => {
        if (reply === undefined) reject(error);
        else resolve(reply);
      });
    });
  }
}
