/** The script service: its handlers perform the steps that requests name. */
import type { EventEmitter } from 'node:events';
import type * as grpc from '@grpc/grpc-js';
import { Conversation, type Heard } from './conversation.js';
import {
  type Ask,
  type Asks,
  type End,
  metadataOf,
  ON_START,
  type Reply,
  type Request,
  requestFrom,
  type ScriptClient,
  type Step,
} from './script.js';
import { draw } from './values.js';

/** A step as proto-loader decodes it. */
type Performed = Required<Step> & { readonly kind: keyof Step };

/** Gates at which handlers wait for the test, and the test for handlers. All replicas of a deployment share them. */
export class Gates {
  readonly #gates = new Map<string, { readonly entered: Signal; readonly opened: Signal }>();

  /** For tests. Resolves when a handler waits at the gate. */
  entered(name: string): Promise<void> {
    return this.#gate(name).entered.given;
  }

  /** For tests. Opens the gate, also for handlers that arrive later. */
  open(name: string): void {
    this.#gate(name).opened.give();
  }

  openAll(): void {
    for (const { opened } of this.#gates.values()) opened.give();
  }

  /** For handlers. Resolves when the gate is open. */
  pass(name: string): Promise<void> {
    const { entered, opened } = this.#gate(name);
    entered.give();
    return opened.given;
  }

  #gate(name: string) {
    const known = this.#gates.get(name);
    if (known !== undefined) return known;
    const gate = { entered: new Signal(), opened: new Signal() };
    this.#gates.set(name, gate);
    return gate;
  }
}

/** An event that happens once, as a promise. */
class Signal {
  isGiven = false;
  #resolve: () => void = () => {};
  readonly given = new Promise<void>((resolve) => {
    this.#resolve = resolve;
  });

  give(): void {
    this.isGiven = true;
    this.#resolve();
  }
}

/** The notes of the handlers of one server, beyond their replies. */
export class Script {
  /** The names of the requests that were performed. */
  readonly performed: string[] = [];
  readonly #gates: Gates;
  readonly #other: ScriptClient | undefined;
  readonly #ends = new Map<string, Signal>();

  /** @param other client of the service that handlers call */
  constructor(gates: Gates, other?: ScriptClient) {
    this.#gates = gates;
    this.#other = other;
  }

  /** Tells whether the handler of this call heard of a cancellation or of the end: grpc-js tells a handler of both. */
  hasHeardOfEnd(name: string): boolean {
    return this.#ends.get(name)?.isGiven === true;
  }

  heardOfEnd(name: string): Promise<void> {
    return this.#end(name).given;
  }

  readonly handlers: grpc.UntypedServiceImplementation = {
    unary: (call: grpc.ServerUnaryCall<Request, Reply>, callback: grpc.sendUnaryData<Reply>) => {
      this.#perform(call, singleReply(callback), call.request);
    },
    clientStream: (call: grpc.ServerReadableStream<Request, Reply>, callback: grpc.sendUnaryData<Reply>) => {
      this.#performEach(call, singleReply(callback));
    },
    serverStream: (call: grpc.ServerWritableStream<Request, Reply>) => {
      this.#perform(call, replyStream(call), call.request);
    },
    bidi: (call: grpc.ServerDuplexStream<Request, Reply>) => {
      this.#performEach(call, replyStream(call));
    },
  };

  /** The state of the service, which replicas can compare and copy. */
  checkpoint(): Uint8Array {
    return Buffer.from(JSON.stringify(this.performed));
  }

  restore(state: Uint8Array): void {
    this.performed.splice(0, Number.POSITIVE_INFINITY, ...JSON.parse(Buffer.from(state).toString()));
  }

  #perform(call: ServerCall, stage: Stage, request: Request): void {
    const actor = this.#actor(call, stage);
    this.#begin(call, request);
    actor.perform(request.steps, request);
    actor.finish();
  }

  #performEach(call: ServerCall, stage: Stage): void {
    const actor = this.#actor(call, stage);
    const atEnd: Step[] = [];
    const [onStart] = call.metadata.get(ON_START);
    if (typeof onStart === 'object') actor.perform(requestFrom(onStart).steps);
    call.on('data', (request: Request) => {
      this.#begin(call, request);
      atEnd.push(...(request.atEnd ?? []));
      actor.perform(request.steps, request);
    });
    call.on('end', () => {
      actor.perform(atEnd);
      actor.finish();
    });
    call.on('error', () => {});
  }

  #actor(call: ServerCall, stage: Stage): Actor {
    return new Actor(call, stage, this.#gates, (asks) => this.#ask(asks));
  }

  /** @returns what is heard; undefined if nobody waits for it */
  #ask({ calls, unawaited }: Asks): Promise<string> | undefined {
    const heard = Promise.all(calls.map((call) => this.#askOne(call))).then((each) => JSON.stringify(each));
    if (unawaited !== true) return heard;
    void heard.then((said) => this.performed.push(said));
    return undefined;
  }

  #askOne({ request, metadata = [], timeoutMs = 0, cancelled }: Ask): Promise<readonly Heard[]> {
    if (this.#other === undefined) throw new Error('there is nobody to ask');
    const options = timeoutMs === 0 ? {} : { deadline: Date.now() + timeoutMs };
    const conversation = new Conversation(this.#other, 'unary', [request], { metadata, options });
    if (cancelled) conversation.call.cancel();
    return conversation.ended;
  }

  #begin(call: ServerCall, { name }: Request): void {
    if (name === undefined || name === '') return;
    this.performed.push(name);
    // A stream may carry many requests with one name.
    call.setMaxListeners(Number.POSITIVE_INFINITY);
    call.on('cancelled', () => this.#end(name).give());
  }

  #end(name: string): Signal {
    const known = this.#ends.get(name);
    if (known !== undefined) return known;
    const signal = new Signal();
    this.#ends.set(name, signal);
    return signal;
  }
}

/** The part that calls of all kinds share. */
type ServerCall = EventEmitter &
  Pick<
    grpc.ServerUnaryCall<Request, Reply>,
    'cancelled' | 'metadata' | 'sendMetadata' | 'getPath' | 'getPeer' | 'getHost' | 'getDeadline' | 'getAuthContext'
  >;
type ReplyStreamCall = grpc.ServerWritableStream<Request, Reply> | grpc.ServerDuplexStream<Request, Reply>;

/** The way in which a kind of method sends the replies and errors of a script. */
interface Stage {
  send(reply: Reply): void;
  succeed(trailers: grpc.Metadata | undefined): void;
  fail(error: Partial<grpc.StatusObject>): void;
}

function singleReply(callback: grpc.sendUnaryData<Reply>): Stage {
  let kept: Reply = {};
  return {
    send: (reply) => {
      kept = reply;
    },
    succeed: (trailers) => callback(null, kept, trailers),
    fail: (error) => callback(error),
  };
}

const replyStream = (call: ReplyStreamCall): Stage => ({
  send: (reply) => void call.write(reply),
  succeed: (trailers) => void call.end(trailers),
  fail: (error) => void call.emit('error', error),
});

/** Performs the scripts of one call, one after the other. */
class Actor {
  readonly #call: ServerCall;
  readonly #stage: Stage;
  readonly #gates: Gates;
  readonly #ask: (asks: Asks) => Promise<string> | undefined;
  readonly #waiting: Performed[] = [];
  #atGate = false;
  #finishing = false;
  #over = false;

  constructor(call: ServerCall, stage: Stage, gates: Gates, ask: (asks: Asks) => Promise<string> | undefined) {
    this.#call = call;
    this.#stage = stage;
    this.#gates = gates;
    this.#ask = ask;
  }

  /** @param request the request that has the steps */
  perform(steps: readonly Step[] = [], request: Request = {}): void {
    for (const step of steps as readonly Performed[]) {
      const echoed = { kind: 'reply', reply: { payload: request.payload } } as Performed;
      this.#waiting.push(step.kind === 'echo' ? echoed : step);
    }
    if (!this.#atGate) this.#continue();
  }

  /** Ends the call after the scripts that it still performs, unless one of them ends it. */
  finish(): void {
    this.#finishing = true;
    if (!this.#atGate) this.#continue();
  }

  #continue(): void {
    for (let step = this.#waiting.shift(); step !== undefined; step = this.#waiting.shift()) {
      if (step.kind === 'gate') {
        this.#waitFor(this.#gates.pass(step.gate), () => {});
        return;
      }
      const heard = step.kind === 'asks' ? this.#ask(step.asks) : undefined;
      if (heard !== undefined) {
        this.#waitFor(heard, (text) => this.#stage.send({ text }));
        return;
      }
      this.#do(step);
    }
    if (!this.#finishing || this.#over) return;
    this.#over = true;
    this.#stage.succeed(undefined);
  }

  #waitFor<T>(what: Promise<T>, then: (value: T) => void): void {
    this.#atGate = true;
    void what.then((value) => {
      this.#atGate = false;
      then(value);
      this.#continue();
    });
  }

  #do(step: Performed): void {
    switch (step.kind) {
      case 'headers':
        this.#call.sendMetadata(metadataOf(step.headers.entries));
        return;
      case 'reply':
        this.#stage.send(step.reply);
        return;
      case 'blob':
        this.#stage.send({ payload: Buffer.alloc(step.blob, 7) });
        return;
      case 'report':
        this.#stage.send({ text: JSON.stringify(seenOf(this.#call)) });
        return;
      case 'values':
        this.#stage.send({ text: JSON.stringify(draw(step.values)) });
        return;
      case 'hold':
        this.#over = true;
        return;
      case 'end':
        this.#over = true;
        this.#end(step.end);
    }
  }

  #end({ way, code = 0, details = '', trailers = [], withoutCode = false }: End): void {
    const metadata = trailers.length === 0 ? undefined : metadataOf(trailers);
    if (way === 'THROWN') throw new Error(details);
    if (code === 0 && !withoutCode) {
      this.#stage.succeed(metadata);
      return;
    }
    const error = withoutCode
      ? Object.assign(new Error(details), metadata && { metadata })
      : { code, details, ...(metadata && { metadata }) };
    if (way === 'EMITTED') this.#call.emit('error', error);
    else this.#stage.fail(error);
  }
}

/** A handler's view of its call. */
export interface Seen {
  readonly path: string;
  readonly peer: string;
  readonly host: string;
  /** The deadline in milliseconds since the epoch; null if there is none. */
  readonly deadlineMs: number | null;
  readonly cancelled: boolean;
  /** The metadata: texts, and binary values in hexadecimal. */
  readonly metadata: Readonly<Record<string, readonly string[]>>;
  readonly secure: boolean;
}

function seenOf(call: ServerCall): Seen {
  const deadlineMs = Number(call.getDeadline());
  const entries = Object.entries(call.metadata.toJSON()).map(([key, values]) => [
    key,
    values.map((value) => (typeof value === 'string' ? value : value.toString('hex'))),
  ]);
  return {
    path: call.getPath(),
    peer: call.getPeer(),
    host: call.getHost(),
    deadlineMs: Number.isFinite(deadlineMs) ? deadlineMs : null,
    cancelled: call.cancelled,
    metadata: Object.fromEntries(entries),
    secure: call.getAuthContext()?.transportSecurityType === 'ssl',
  };
}
