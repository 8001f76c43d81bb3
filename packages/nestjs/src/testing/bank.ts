/** A NestJS application as one writes it without replication: a module, a controller, and a provider with the state. */
import { join } from 'node:path';
import { Controller, Inject, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod, RpcException } from '@nestjs/microservices';
import { from, map, type Observable, reduce } from 'rxjs';

export interface Owner {
  readonly name: string;
}

export interface Amount {
  readonly owner: string;
  readonly cents: number;
}

export interface Balance {
  readonly cents: number;
}

const FAILED_PRECONDITION = 9;

/** The state of the service. */
@Injectable()
export class Accounts implements OnModuleDestroy {
  readonly #cents = new Map<string, number>();
  /** Every balance that an account has had. */
  readonly #history = new Map<string, number[]>();
  destroyed = 0;

  add({ owner, cents }: Amount): Balance {
    if (cents <= 0) throw new RpcException({ code: FAILED_PRECONDITION, message: 'nothing to deposit' });
    const balance = this.of(owner) + cents;
    this.#cents.set(owner, balance);
    this.#history.set(owner, [...this.history(owner), balance]);
    return { cents: balance };
  }

  of(owner: string): number {
    return this.#cents.get(owner) ?? 0;
  }

  history(owner: string): readonly number[] {
    return this.#history.get(owner) ?? [];
  }

  checkpoint(): Uint8Array {
    return Buffer.from(JSON.stringify([[...this.#cents], [...this.#history]]));
  }

  restore(state: Uint8Array): void {
    const [cents, history] = JSON.parse(Buffer.from(state).toString());
    this.#cents.clear();
    this.#history.clear();
    for (const [owner, balance] of cents) this.#cents.set(owner, balance);
    for (const [owner, balances] of history) this.#history.set(owner, balances);
  }

  onModuleDestroy(): void {
    this.destroyed++;
  }
}

@Controller()
class BankController {
  constructor(@Inject(Accounts) private readonly accounts: Accounts) {}

  @GrpcMethod('Bank', 'Deposit')
  async deposit(amount: Amount): Promise<Balance> {
    await Promise.resolve();
    return this.accounts.add(amount);
  }

  @GrpcMethod('Bank', 'Statement')
  statement({ name }: Owner): Observable<Balance> {
    return from(this.accounts.history(name)).pipe(map((cents) => ({ cents })));
  }

  @GrpcStreamMethod('Bank', 'DepositAll')
  depositAll(amounts: Observable<Amount>): Observable<Balance> {
    return amounts.pipe(reduce((_last, amount) => this.accounts.add(amount), { cents: 0 }));
  }

  @GrpcStreamMethod('Bank', 'Chat')
  chat(amounts: Observable<Amount>): Observable<Balance> {
    return amounts.pipe(map((amount) => this.accounts.add(amount)));
  }
}

@Module({ controllers: [BankController], providers: [Accounts] })
export class BankModule {}

/** The options that `Transport.GRPC` would be given. */
export const grpcOptions = {
  package: 'bank.v1',
  protoPath: join(__dirname, '../../src/testing/bank.proto'),
  url: '127.0.0.1:0',
};

/** The service as a client of Nest's sees it. */
export interface BankClient {
  deposit(amount: Amount): Observable<Balance>;
  statement(owner: Owner): Observable<Balance>;
  depositAll(amounts: Observable<Amount>): Observable<Balance>;
  chat(amounts: Observable<Amount>): Observable<Balance>;
}
