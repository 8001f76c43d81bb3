/**
 * The liveness thread of a process: it sends the heartbeats of primaries, and acknowledges them for backups, while the
 * main thread may be blocked (DESIGN 5.15). It runs from the text in `thread-source.ts`, so that it survives bundling.
 * Therefore this file and the files that it imports import nothing but Node's modules.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import {
  ACKED,
  ACKNOWLEDGED,
  ANSWERED,
  DUTY,
  DUTY_FOLLOW,
  DUTY_LEAD,
  FIRST_PEER,
  PEER_CELLS,
  packedDuty,
  packedTime,
  timeDown,
  timeUp,
} from './cells.js';
import { Dialled } from './dialled.js';
import {
  ANSWER,
  BEAT,
  BEAT_BYTES,
  CHALLENGE,
  HELLO,
  hmac,
  Line,
  NONCE_BYTES,
  newNonce,
  PROOF,
  PROOF_BYTES,
  PROVEN_WITHIN_MS,
  TICKET_BYTES,
} from './line.js';
import { MainWatch } from './main-watch.js';
import type { FromThread, ThreadData, ToThread } from './messages.js';

const STRANGERS_MAX = 64;
/** How many keys of a peer hold. A link that is up keeps the key with which it was made, so the last few hold. */
const TICKETS_MAX = 2;

interface ServedLife {
  readonly cells: BigInt64Array;
  readonly name: string;
  readonly beatMs: number;
  readonly blockedMaxMs: number;
  readonly copyMs: number;
  readonly dialled: Map<number, Dialled>;
  /** The keys of the peers that may dial, newest first for each peer. */
  readonly guests: Map<string, { readonly ticket: string; readonly lines: Set<Line> }[]>;
  beatAtMs: number;
}

/** Everything that the thread does. */
export class Thread {
  readonly lives = new Map<number, ServedLife>();
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #originNs: bigint;
  readonly #watch: MainWatch;
  readonly #servers = new Map<number, Server>();
  readonly #strangers = new Set<Socket>();
  readonly #admitted = new Map<
    string,
    { readonly life: ServedLife; readonly key: Uint8Array; readonly lines: Set<Line> }
  >();
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;

  /** @param end ends the process after this line */
  constructor(port: Pick<MessagePort, 'postMessage'>, data: ThreadData, end?: (line: string) => void) {
    this.#port = port;
    this.#originNs = data.originNs;
    this.#watch = new MainWatch(data.shared, () => this.tell({ kind: 'turning' }), end);
  }

  /** The main thread's clock. */
  get nowMs(): number {
    return Number(process.hrtime.bigint() - this.#originNs) / 1e6;
  }

  tell(message: FromThread): void {
    this.#port.postMessage(message);
  }

  take(message: ToThread): void {
    switch (message.kind) {
      case 'listen':
        return this.#listen(message.id, message.host, message.port);
      case 'unlisten':
        this.#servers.get(message.id)?.close();
        this.#servers.delete(message.id);
        return;
      case 'life': {
        const { life, cells, name, beatMs, blockedMaxMs, copyMs } = message;
        const maps = { dialled: new Map(), guests: new Map(), beatAtMs: 0 };
        this.lives.set(life, { cells: new BigInt64Array(cells), name, beatMs, blockedMaxMs, copyMs, ...maps });
        return this.#setTimer();
      }
      case 'lifeOver':
        return this.#lifeOver(message.life);
      case 'admit':
        return this.#admit(message);
      case 'expel':
        return this.#expel(this.lives.get(message.life), message.peer);
      case 'dial': {
        const dialled = this.lives.get(message.life)?.dialled;
        const known = dialled?.get(message.slot);
        if (known !== undefined) known.renew(message);
        else dialled?.set(message.slot, this.#dial(message));
        return;
      }
      case 'hangUp': {
        const dialled = this.lives.get(message.life)?.dialled;
        dialled?.get(message.slot)?.close();
        dialled?.delete(message.slot);
        return;
      }
      case 'method':
        this.#watch.methods.set(message.id, message.name);
    }
  }

  // ── lives, and who may dial them ──

  #lifeOver(id: number): void {
    const life = this.lives.get(id);
    if (life === undefined) return;
    for (const link of life.dialled.values()) link.close();
    for (const peer of [...life.guests.keys()]) this.#expel(life, peer);
    this.lives.delete(id);
    this.#setTimer();
  }

  /** A link that is up keeps the key with which it was made, so the last few keys hold. */
  #admit({ life: id, peer, ticket, key }: ToThread & { kind: 'admit' }): void {
    const life = this.lives.get(id);
    if (life === undefined) return;
    const lines = new Set<Line>();
    const tickets = life.guests.get(peer) ?? [];
    tickets.unshift({ ticket, lines });
    life.guests.set(peer, tickets);
    this.#admitted.set(ticket, { life, key, lines });
    for (const old of tickets.splice(TICKETS_MAX)) this.#forget(old);
  }

  #expel(life: ServedLife | undefined, peer: string): void {
    for (const ticket of life?.guests.get(peer) ?? []) this.#forget(ticket);
    life?.guests.delete(peer);
  }

  #forget({ ticket, lines }: { readonly ticket: string; readonly lines: Set<Line> }): void {
    this.#admitted.delete(ticket);
    for (const line of lines) line.socket.destroy();
  }

  // ── links that this process dials ──

  #dial(dial: ToThread & { kind: 'dial' }): Dialled {
    const { life, slot } = dial;
    return new Dialled(dial, {
      onAnswer: (term, sentAtMs, acknowledges) => this.#onAnswer(life, slot, term, sentAtMs, acknowledges),
      onReached: () => this.tell({ kind: 'reached', life, slot }),
      onUnreached: (reason) => this.tell({ kind: 'unreached', life, slot, reason }),
    });
  }

  #onAnswer(life: number, slot: number, term: number, sentAtMs: number, acknowledges: boolean): void {
    const cells = this.lives.get(life)?.cells;
    if (cells === undefined || Atomics.load(cells, DUTY) !== packedDuty(DUTY_LEAD, term)) return;
    const at = FIRST_PEER + PEER_CELLS * slot;
    Atomics.store(cells, at + ANSWERED, timeDown(this.nowMs));
    if (acknowledges) Atomics.store(cells, at + ACKED, packedTime(term, timeDown(sentAtMs)));
  }

  // ── links that others dial ──

  #listen(id: number, host: string, port: number): void {
    const server = createServer((socket) => this.#accept(socket));
    const failed = (error: Error): void => this.tell({ kind: 'cannotListen', id, reason: error.message });
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      server.on('error', () => {});
      const bound = server.address();
      this.#servers.set(id, server);
      this.tell({ kind: 'listening', id, port: typeof bound === 'object' && bound !== null ? bound.port : port });
    });
    server.unref();
  }

  #accept(socket: Socket): void {
    if (this.#strangers.size >= STRANGERS_MAX) {
      socket.destroy();
      return;
    }
    this.#strangers.add(socket);
    const late = setTimeout(() => socket.destroy(), PROVEN_WITHIN_MS).unref();
    let guest: { readonly life: ServedLife; readonly key: Uint8Array; readonly lines: Set<Line> } | undefined;
    let nonces: readonly [Buffer, Buffer] | undefined;
    let proven = false;
    const line: Line = new Line(
      socket,
      (kind, payload) => {
        if (guest !== undefined && proven) {
          if (kind === BEAT && payload.length === BEAT_BYTES) this.#onBeat(guest.life, line, payload);
        } else if (guest !== undefined && nonces !== undefined) {
          const { key, lines } = guest;
          if (kind !== PROOF || payload.length !== PROOF_BYTES) return line.refuse('no proof');
          if (!timingSafeEqual(payload, hmac(key, 'dialler', ...nonces))) return line.refuse('a wrong proof');
          proven = true;
          clearTimeout(late);
          this.#strangers.delete(socket);
          lines.add(line);
          line.seal(hmac(key, 'to dialled', ...nonces), hmac(key, 'to dialler', ...nonces));
        } else {
          guest = kind === HELLO ? this.#admitted.get(payload.toString('hex', 0, TICKET_BYTES)) : undefined;
          if (guest === undefined || payload.length !== TICKET_BYTES + NONCE_BYTES) return line.refuse('no ticket');
          const mine = newNonce();
          nonces = [Buffer.from(payload.subarray(TICKET_BYTES)), mine];
          line.send(CHALLENGE, Buffer.concat([mine, hmac(guest.key, 'dialled', ...nonces)]));
        }
      },
      () => {
        clearTimeout(late);
        this.#strangers.delete(socket);
        guest?.lines.delete(line);
      },
    );
  }

  /**
   * Sends a primary's heartbeat. It notes the time before it looks at the duty again: if the main thread takes the duty
   * back between the two, either the main thread sees the time or this thread sees that its duty is over.
   */
  #onBeat(life: ServedLife, line: Line, payload: Buffer): void {
    const { cells } = life;
    const duty = packedDuty(DUTY_FOLLOW, payload.readUInt32BE(0));
    let acknowledges = false;
    if (this.#watch.blockedMs <= this.#watch.limitMs(life) && Atomics.load(cells, DUTY) === duty) {
      Atomics.store(cells, ACKNOWLEDGED, timeUp(this.nowMs));
      acknowledges = Atomics.load(cells, DUTY) === duty;
    }
    line.send(ANSWER, Buffer.concat([payload, Uint8Array.of(acknowledges ? 1 : 0)]));
  }

  // ── time ──

  #setTimer(): void {
    const everyMs = this.lives.size === 0 ? 0 : Math.min(...[...this.lives.values()].map(({ beatMs }) => beatMs));
    if (everyMs === this.#timerMs) return;
    clearInterval(this.#timer);
    this.#timerMs = everyMs;
    this.#watch.begin(this.nowMs, everyMs);
    this.#timer = everyMs === 0 ? undefined : setInterval(() => this.#onTime(), everyMs).unref();
  }

  #onTime(): void {
    this.#watch.look(this.nowMs, [...this.lives.values()]);
    for (const life of this.lives.values()) {
      // Read the time before the term: a heartbeat must not seem later than the end of its term.
      const nowMs = this.nowMs;
      const duty = Atomics.load(life.cells, DUTY);
      if (Number(duty & 3n) !== DUTY_LEAD || this.#watch.blockedMs > this.#watch.limitMs(life)) continue;
      if (nowMs < life.beatAtMs) continue;
      life.beatAtMs = nowMs + life.beatMs * 0.9;
      for (const link of life.dialled.values()) link.beat(Number(duty >> 2n), nowMs);
    }
  }
}

/** Raises the priority of this thread where the system allows it: it needs little time, but promptly. */
function comeFirst(): void {
  // Elsewhere this would set the priority of the whole process.
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, constants.priority.PRIORITY_HIGH);
  } catch {
    // The process usually has no right to it.
  }
}

if (!isMainThread && parentPort !== null && (workerData as ThreadData | null)?.understudyLiveness === true) {
  comeFirst();
  const thread = new Thread(parentPort, workerData as ThreadData);
  parentPort.on('message', (message: ToThread) => thread.take(message));
}
