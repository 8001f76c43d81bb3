/** A NestJS application with all that may stand between the wire and a controller, and each kind of controller method. */
import { join } from 'node:path';
import { Metadata, type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExecutionContext,
  Inject,
  Injectable,
  Module,
  type NestInterceptor,
  type PipeTransform,
  type RpcExceptionFilter,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod, type RequestContext, RpcException } from '@nestjs/microservices';
import {
  catchError,
  concat,
  concatMap,
  delay,
  finalize,
  from,
  map,
  type Observable,
  of,
  reduce,
  throwError,
  timeout,
} from 'rxjs';
import type { Amount, Balance, Owner } from './bank.js';

export interface Receipted extends Balance {
  readonly receipt?: string;
}

class Overdrawn extends Error {
  constructor(readonly missing: number) {
    super('overdrawn');
  }
}

/** The state of the service. */
@Injectable()
export class Drawers {
  #history = new Map<string, number[]>();
  /** How many streams have ended in any way. */
  ended = 0;

  add({ owner, cents }: Amount): Receipted {
    if (cents === 13) throw new Error('unlucky');
    const balance = (this.history(owner).at(-1) ?? 0) + cents;
    if (balance < 0) throw new Overdrawn(-balance);
    this.#history.set(owner, [...this.history(owner), balance]);
    return { cents: balance };
  }

  history(owner: string): readonly number[] {
    return this.#history.get(owner) ?? [];
  }

  checkpoint(): Uint8Array {
    return Buffer.from(JSON.stringify([...this.#history]));
  }

  restore(state: Uint8Array): void {
    this.#history = new Map(JSON.parse(Buffer.from(state).toString()));
  }
}

/**
 * Refuses callers by their role, later than at once. With a guard that takes longer than a stream, Nest itself loses the
 * stream's messages.
 */
@Injectable()
class RoleGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rpc = context.switchToRpc();
    const given: unknown = rpc.getContext();
    // A method with @GrpcStreamCall gets the call, without metadata beside it.
    const metadata = given instanceof Metadata ? given : rpc.getData<{ readonly metadata: Metadata }>().metadata;
    const [role] = metadata.get('role');
    await Promise.resolve();
    if (role === 'banned') throw new RpcException({ code: status.PERMISSION_DENIED, message: 'banned' });
    return role !== 'nobody';
  }
}

@Injectable()
class AmountPipe implements PipeTransform<Amount, Amount> {
  transform(given: Amount): Amount {
    const { owner, cents } = given;
    // Nest passes the metadata and the call to pipes, too.
    if (typeof owner !== 'string') return given;
    if (cents > 1000) throw new RpcException({ code: status.OUT_OF_RANGE, message: 'too much' });
    return { owner: owner.toLowerCase(), cents };
  }
}

/** Changes replies and errors, and takes its time for it. */
@Injectable()
class Rounding implements NestInterceptor<Receipted, Receipted> {
  intercept(_context: ExecutionContext, next: CallHandler<Receipted>): Observable<Receipted> {
    return next.handle().pipe(
      timeout(30_000),
      delay(1),
      map((balance) => ({ ...balance, receipt: balance.receipt ?? 'rounded' })),
      catchError((error) => throwError(() => error)),
    );
  }
}

@Catch(Overdrawn)
class OverdrawnFilter implements RpcExceptionFilter<Overdrawn> {
  catch({ message, missing }: Overdrawn): Observable<never> {
    const metadata = new Metadata();
    metadata.set('missing', String(missing));
    return throwError(() => ({ code: status.FAILED_PRECONDITION, message, metadata }));
  }
}

/** Nest makes one for each call, and so a controller for each call. */
@Injectable({ scope: Scope.REQUEST })
class Receipt {
  constructor(@Inject(REQUEST) readonly request: RequestContext<Amount>) {}

  get text(): string {
    return `for ${this.request.data.owner}`;
  }
}

@Controller()
@UseGuards(RoleGuard)
@UseFilters(OverdrawnFilter)
class DepositController {
  constructor(
    @Inject(Drawers) private readonly drawers: Drawers,
    @Inject(Receipt) private readonly receipt: Receipt,
  ) {}

  @GrpcMethod('Till', 'Deposit')
  @UsePipes(AmountPipe)
  @UseInterceptors(Rounding)
  deposit(amount: Amount, metadata: Metadata, call: ServerUnaryCall<Amount, Receipted>): Observable<Receipted> {
    const header = new Metadata();
    header.set('role-was', metadata.get('role')[0] ?? 'none');
    call.sendMetadata(header);
    return of({ ...this.drawers.add(amount), receipt: this.receipt.text });
  }
}

@Controller()
@UseGuards(RoleGuard)
@UseFilters(OverdrawnFilter)
class StreamsController {
  constructor(@Inject(Drawers) private readonly drawers: Drawers) {}

  @GrpcMethod('Till', 'Statement')
  @UseInterceptors(Rounding)
  statement({ name }: Owner): Observable<Receipted> {
    const balances = from(this.drawers.history(name)).pipe(concatMap((cents) => of({ cents }).pipe(delay(1))));
    const closed = throwError(() => new RpcException({ code: status.ABORTED, message: 'the drawer is closed' }));
    return name === 'carl' ? concat(balances, closed) : balances;
  }

  @GrpcStreamMethod('Till', 'DepositAll')
  @UseInterceptors(Rounding)
  depositAll(amounts: Observable<Amount>): Observable<Receipted> {
    return amounts.pipe(reduce((_last, amount) => this.drawers.add(amount), { cents: 0 }));
  }

  @GrpcStreamCall('Till', 'Count')
  count(call: ServerDuplexStream<Amount, Receipted>, done: sendUnaryData<Receipted>): void {
    let cents = 0;
    call.on('data', () => cents++);
    call.on('end', () => done(null, { cents }));
  }

  @GrpcStreamMethod('Till', 'Chat')
  @UseInterceptors(Rounding)
  chat(amounts: Observable<Amount>): Observable<Receipted> {
    return amounts.pipe(
      concatMap(async (amount) => {
        await Promise.resolve();
        return this.drawers.add(amount);
      }),
      finalize(() => this.drawers.ended++),
    );
  }

  @GrpcStreamCall('Till', 'Relay')
  relay(call: ServerDuplexStream<Amount, Receipted>): void {
    call.on('data', (amount: Amount) => call.write(this.drawers.add(amount)));
    call.on('end', () => call.end());
  }
}

@Module({ controllers: [DepositController, StreamsController], providers: [Drawers, Receipt] })
export class TillModule {}

export const tillOptions = { package: 'till.v1', protoPath: join(__dirname, '../../src/testing/till.proto') };

/** The service as a client of Nest's sees it. */
export interface TillClient {
  deposit(amount: Amount, metadata?: Metadata): Observable<Receipted>;
  statement(owner: Owner, metadata?: Metadata): Observable<Receipted>;
  depositAll(amounts: Observable<Amount>, metadata?: Metadata): Observable<Receipted>;
  count(amounts: Observable<Amount>, metadata?: Metadata): Observable<Receipted>;
  chat(amounts: Observable<Amount>, metadata?: Metadata): Observable<Receipted>;
  relay(amounts: Observable<Amount>, metadata?: Metadata): Observable<Receipted>;
}
