/** Replicas that speak the frames of the multicast connection, by script. */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Epoch, Incarnation, OrderNum, ReplicaId, Term } from '@understudy/core';
import {
  type MulticastFrame,
  NO_ORDER,
  type Reply,
  type ReplyFrame,
  type Request,
  type SeqNum,
  type SessionFrame,
  type View,
} from '@understudy/core/internal';
import { CONNECT_PATH, frameMethod } from '@understudy/grpc-common';
import { Assembler, Chunker, decodeSessionFrame, encodeReplyFrame, unwrapFrame, wrapFrame } from '@understudy/wire';
import { Watchers } from './watchers.js';

type ScriptedLink = ServerDuplexStream<Buffer, Buffer>;

/** The answer of a scripted replica to a request; undefined holds the answer until `answerHeld`. */
export type Answer = (request: Request) => Reply | undefined | Promise<Reply>;

const connectService = { connect: frameMethod(CONNECT_PATH) } as const;

/** Replicas that agree at once, for tests of the client: the one at `primary` answers, and every order is stable. */
export class ScriptedGroup {
  readonly replicas: ScriptedReplica[] = [];
  /** Answers requests that wait for `answerHeld`. */
  readonly held: (() => void)[] = [];
  primary = 0;
  term = 1 as Term;

  constructor(
    readonly group: string,
    readonly answer: Answer,
  ) {}

  static async start(size: number, answer: Answer, credentials?: ServerCredentials): Promise<ScriptedGroup> {
    const group = new ScriptedGroup('test', answer);
    for (let i = 0; i < size; i++) group.replicas.push(await ScriptedReplica.start(group, `r${i}`, 0, credentials));
    return group;
  }

  get target(): string {
    return `understudy:///${this.replicas.map((replica) => `127.0.0.1:${replica.port}`).join(',')}`;
  }

  get view(): View {
    const inSync = this.replicas.map((replica) => replica.member);
    const epoch = this.term as number as Epoch;
    const addresses = this.replicas.map(({ port }) => `127.0.0.1:${port}`);
    return { term: this.term, epoch, primary: this.replicas[this.primary]?.id, inSync, addresses, adoptedThrough: [] };
  }

  /** Makes another replica the primary, and says so on every link. */
  promote(primary: number): void {
    this.primary = primary;
    this.term = (this.term + 1) as Term;
    for (const replica of this.replicas) replica.announceTerm();
  }

  answerHeld(): void {
    for (const answer of this.held.splice(0)) answer();
  }

  stop(): void {
    for (const replica of this.replicas) replica.stop();
  }
}

/** A real gRPC server on loopback that speaks the frames of the multicast connection. */
export class ScriptedReplica {
  readonly id: ReplicaId;
  readonly server = new Server({ 'grpc.max_receive_message_length': -1 });
  readonly frames: SessionFrame[] = [];
  readonly streams = new Set<ScriptedLink>();
  readonly #group: ScriptedGroup;
  readonly #watchers = new Watchers(this);
  readonly #received = new Map<string, number>();
  readonly #chunker = new Chunker();
  /** Requests that arrived while another replica was the primary. A client does not send them again on the same link. */
  readonly #kept: { readonly stream: ScriptedLink; readonly frame: MulticastFrame }[] = [];
  #orderNum = 0;
  port = 0;

  private constructor(group: ScriptedGroup, id: string) {
    this.#group = group;
    this.id = id as ReplicaId;
    this.server.addService(connectService, { connect: (stream: ScriptedLink) => this.#onStream(stream) });
  }

  static async start(
    group: ScriptedGroup,
    id: string,
    port = 0,
    credentials = ServerCredentials.createInsecure(),
  ): Promise<ScriptedReplica> {
    const replica = new ScriptedReplica(group, id);
    replica.port = await new Promise<number>((resolve, reject) => {
      replica.server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return replica;
  }

  get member(): { id: ReplicaId; incarnation: Incarnation } {
    return { id: this.id, incarnation: Buffer.from(this.id).toString('hex').padStart(32, '0') as Incarnation };
  }

  /** Resolves once the frames and links so far satisfy the condition. */
  until(condition: (replica: this) => boolean): Promise<void> {
    return this.#watchers.until(condition);
  }

  announceTerm(): void {
    for (const stream of this.streams) this.send(stream, { kind: 'newTerm', view: this.#group.view, collect: false });
    if (this.#isPrimary) for (const { stream, frame } of this.#kept.splice(0)) this.#process(stream, frame);
  }

  send(stream: ScriptedLink, frame: ReplyFrame): void {
    for (const chunk of this.#chunker.split(encodeReplyFrame(frame))) stream.write(wrapFrame(chunk));
  }

  stop(): void {
    this.server.forceShutdown();
  }

  #onStream(stream: ScriptedLink): void {
    const assembler = new Assembler();
    this.streams.add(stream);
    let connection = '';
    stream.on('data', (message: Buffer) => {
      const bytes = assembler.push(unwrapFrame(message));
      if (bytes === undefined) return;
      const frame = decodeSessionFrame(bytes);
      if (frame.kind === 'hello') connection = frame.connection;
      this.frames.push(frame);
      this.#answer(stream, connection, frame);
      this.#changed();
    });
    stream.on('error', () => {});
    stream.on('end', () => stream.end());
    stream.on('close', () => {
      this.streams.delete(stream);
      this.#changed();
    });
    this.#changed();
  }

  #changed(): void {
    this.#watchers.changed();
  }

  #answer(stream: ScriptedLink, connection: string, frame: SessionFrame): void {
    if (frame.kind === 'hello') {
      this.send(stream, {
        kind: 'welcome',
        replica: this.member,
        view: this.#group.view,
        receivedUpTo: (this.#received.get(connection) ?? 0) as SeqNum,
        heartbeatMs: frame.sentAtMs,
        reflect: false,
        sessionMs: 900,
      });
    } else if (frame.kind === 'multicast') {
      this.#onMulticast(stream, connection, frame);
    }
  }

  #onMulticast(stream: ScriptedLink, connection: string, frame: MulticastFrame): void {
    for (const { seqNum } of frame.requests) {
      // A backup keeps requests for one link only, so it does not tell a client that connects again that it has them.
      if (this.#isPrimary) this.#received.set(connection, Math.max(seqNum, this.#received.get(connection) ?? 0));
      this.#orderNum++;
    }
    this.#reply(stream, frame.header.sentAtMs, [], []);
    if (this.#isPrimary) this.#process(stream, frame);
    else this.#kept.push({ stream, frame });
  }

  get #isPrimary(): boolean {
    return this.#group.replicas[this.#group.primary] === this;
  }

  #process(stream: ScriptedLink, { header, requests, reads }: MulticastFrame): void {
    for (const { seqNum, request } of requests) {
      this.#outcome(request, (outcome) =>
        this.#reply(stream, header.sentAtMs, [{ seqNum, outcome, stable: true, orderNum: NO_ORDER }], []),
      );
    }
    for (const { readId, request } of reads) {
      this.#outcome(request, (outcome) =>
        this.#reply(stream, header.sentAtMs, [], [{ readId, outcome, stable: true }]),
      );
    }
  }

  #outcome(request: Request, done: (outcome: Reply) => void): void {
    const answer = this.#group.answer(request);
    if (answer === undefined)
      this.#group.held.push(() => done({ kind: 'reply', code: 0, details: '', message: request.message }));
    else if (answer instanceof Promise) void answer.then(done);
    else done(answer);
  }

  #reply(
    stream: ScriptedLink,
    heartbeatMs: number,
    replies: (ReplyFrame & { kind: 'replies' })['replies'],
    reads: (ReplyFrame & { kind: 'replies' })['reads'],
  ): void {
    if (!this.streams.has(stream)) return;
    const header = {
      term: this.#group.term,
      sourceOrderInfo: [],
      stableUpTo: this.#orderNum as OrderNum,
      heartbeatMs,
    };
    this.send(stream, { kind: 'replies', header, replies, reads, items: [] });
  }
}
