/** Runs one session of a client: gives the core's session events and the clock, and carries out its effects. */
import { monotonicMs, wallMs } from '@understudy/context';
import type { ErrorCode, Logger, ReplicaId } from '@understudy/core';
import {
  type CallId,
  type ClientSettings,
  type ConnectionId,
  type GroupConfig,
  type InvariantViolation,
  type ReplyFrame,
  type SessionEffect,
  type SessionFrame,
  unreachable,
} from '@understudy/core/internal';
import { encodeSessionFrame, sessionFramePieces } from '@understudy/wire';
import { FormerMembers, type KnownPlaces } from '../link/former-members.js';
import type { ReplicaClient } from '../link/replica-client.js';
import { type LinkEvents, ReplicaLink } from '../link/replica-link.js';
import { type MakeRpc, RpcCarrier } from '../rpc/rpc-carrier.js';
import type { OpenCall } from './open-call.js';
import { isStream, type OpenStream, type StreamSession } from './open-stream.js';
import type { MakeSession } from './session-port.js';
import { SessionStepper } from './session-stepper.js';

const TICK_MS = 10;
/** A session that has had no open call for this long ends, so that a program can exit by itself. */
const IDLE_MS = 250;
/** A session that has not ended this long after `close`, although its own bound is shorter, is ended. */
const CLOSE_MAX_MS = 10_000;

/** The things that a runner needs from the channel it runs for. */
export interface RunnerSetup {
  /** Proves to replicas that this client opened the session. It goes to them alone, and into no log. */
  readonly secret: Uint8Array;
  /** Follows from the secret. */
  readonly connection: ConnectionId;
  readonly config: GroupConfig;
  readonly replicas: readonly ReplicaClient[];
  readonly makeSession: MakeSession;
  readonly makeRpc: MakeRpc;
  /** Metadata keys that the channel itself adds to every RPC. */
  readonly regeneratedKeys: () => ReadonlySet<string> | undefined;
  readonly logger: Logger;
  /** Called when the session finds the primary. */
  readonly onPrimary: (slot: number, replica: ReplicaId) => void;
  readonly onTerm: (term: number) => void;
  /** Called when the group's settings are others than the session was given. */
  readonly onSettings: (settings: ClientSettings) => void;
  /** Takes in the address of a member that no link leads to, and returns its slot if it has one. */
  readonly learn: (address: string, members: readonly string[]) => number | undefined;
  readonly places: KnownPlaces;
  /** Called last of all: the session is over, and its links are ending. */
  readonly onEnded: (runner: SessionRunner, clean: boolean) => void;
}

/** Runs one session, and ends it when there has been no call for a while. */
export class SessionRunner implements LinkEvents, StreamSession {
  readonly #setup: RunnerSetup;
  readonly #stepper: SessionStepper;
  readonly #links: ReplicaLink[];
  readonly #formers: FormerMembers;
  readonly #carrier: RpcCarrier;
  readonly #calls = new Map<CallId, OpenCall>();
  readonly #tick: NodeJS.Timeout;
  /** Calls that were not sent before the session expired. The next session takes them. */
  readonly #unsent: OpenCall[] = [];
  #nextCall = 1;
  #primary: number | undefined;
  /**
   * Whether a primary was ever known or requests were ever sent: from then on a call may have left, and not all calls
   * wait within the session.
   */
  #sending = false;
  #everHeard = false;
  #idleSinceMs = monotonicMs();
  #retired = false;
  #closingSinceMs: number | undefined;
  #ended = false;

  constructor(setup: RunnerSetup) {
    this.#setup = setup;
    const { connection, config, replicas } = setup;
    const session = setup.makeSession({ connection, config, slots: replicas.length, wallClock: wallMs });
    this.#stepper = new SessionStepper(session, config.batchMs, {
      effect: (effect) => this.#apply(effect),
      defect: (error) => this.#defect(error),
    });
    this.#links = replicas.map((replica, slot) => new ReplicaLink(slot, replica, this, setup.logger));
    this.#formers = new FormerMembers(this.#links, setup.places);
    this.#carrier = new RpcCarrier(setup.makeRpc, setup.secret, {
      rpcReply: (call, header, outcome) => this.#stepper.step({ kind: 'rpcReply', call, header, outcome }),
      rpcBroken: (call, reason, unsuited) => this.#stepper.step({ kind: 'rpcBroken', call, reason, unsuited }),
    });
    for (const link of this.#links) link.connect();
    this.#tick = setInterval(() => this.#onTick(), TICK_MS);
  }

  /** Whether the session takes calls: until its client is closed, or it has ended. */
  get open(): boolean {
    return !this.#retired && !this.#ended;
  }

  get openCalls(): number {
    return this.#calls.size;
  }

  get connection(): ConnectionId {
    return this.#setup.connection;
  }

  /** The link to the primary; undefined if the primary is unknown or cannot be reached now. */
  get primaryLink(): ReplicaLink | undefined {
    const link = this.#primary === undefined ? undefined : this.#links[this.#primary];
    return link?.up ? link : undefined;
  }

  submit(call: OpenCall): void {
    this.#admit(call);
    this.#stepper.step({ kind: 'call', call: call.id, request: call.request, readOnly: call.readOnly });
  }

  openStream(stream: OpenStream): void {
    this.#admit(stream);
    this.#stepper.step({ kind: 'openStream', call: stream.id, request: stream.request, nested: stream.nested });
  }

  sendMessage(stream: OpenStream, message: Uint8Array): void {
    if (this.#calls.has(stream.id)) this.#stepper.step({ kind: 'streamMessage', call: stream.id, message });
  }

  halfClose(stream: OpenStream): void {
    if (this.#calls.has(stream.id)) this.#stepper.step({ kind: 'streamEnd', call: stream.id });
  }

  taken(stream: OpenStream, index: number): void {
    if (this.#calls.has(stream.id)) this.#stepper.step({ kind: 'streamTaken', call: stream.id, upTo: index });
  }

  leave(stream: OpenStream): void {
    if (this.#take(stream.id)) this.#stepper.step({ kind: 'leaveStream', call: stream.id });
  }

  /**
   * Withdraws a call that the application no longer waits for.
   *
   * @returns whether the session may have sent the call, or will; the session takes back only calls that wait for a
   *   primary
   */
  cancel(call: OpenCall): boolean {
    if (!this.#take(call.id)) return false;
    this.#carrier.cancel(call.id);
    this.#stepper.step({ kind: 'cancel', call: call.id });
    return this.#sending;
  }

  /**
   * Takes no more calls. When the open ones have ended, the session flushes, waits within a bound for stability, and
   * ends.
   */
  close(): void {
    this.#retired = true;
    if (this.#calls.size === 0) this.#closeSession();
  }

  /** A slot is new, or has another replica's address from now on. */
  replaceReplica(slot: number, replica: ReplicaClient): void {
    if (this.#ended) return;
    const former = this.#links[slot];
    this.#links[slot] = new ReplicaLink(slot, replica, this, this.#setup.logger);
    if (former === undefined) {
      this.#stepper.step({ kind: 'slotAdded' });
    } else {
      const { up } = former;
      former.end();
      if (up) this.#stepper.step({ kind: 'linkDown', slot });
    }
    this.#links[slot]?.connect();
  }

  linkUp(slot: number): void {
    this.#stepper.step({ kind: 'linkUp', slot });
  }

  linkDown(slot: number): void {
    this.#stepper.step({ kind: 'linkDown', slot });
    if (!this.#ended) this.#formers.look();
  }

  linkRoom(slot: number, full: boolean): void {
    this.#stepper.step({ kind: 'linkRoom', slot, full });
  }

  frame(slot: number, frame: ReplyFrame): void {
    this.#everHeard = true;
    if (frame.kind === 'replies') this.#setup.onTerm(frame.header.term);
    else if (frame.kind === 'welcome' || frame.kind === 'newTerm') this.#setup.onTerm(frame.view.term);
    this.#stepper.step({ kind: 'frame', slot, frame });
    if (!this.#ended) this.#formers.heard(frame);
  }

  #apply(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'send':
        if (effect.bulk) this.#sendBulk(effect.slot, effect.frame);
        else this.#links[effect.slot]?.write(this.#encode(effect.frame));
        return;
      case 'multicast': {
        const bytes = this.#encode(effect.frame);
        for (const slot of effect.slots) this.#links[slot]?.write(bytes);
        return;
      }
      case 'invoke':
        this.#invoke(effect);
        return;
      case 'item':
        this.#stream(effect.call)?.onItem(effect.item, effect.index);
        return;
      case 'writable':
        this.#stream(effect.call)?.onWritable();
        return;
      case 'partTaken':
        this.#stream(effect.call)?.onTaken?.(effect.position);
        return;
      case 'deliver':
        this.#take(effect.call)?.deliver(effect.reply);
        return;
      case 'fail':
        this.#fail(effect);
        return;
      case 'reconnect':
        this.#links[effect.slot]?.reconnect();
        return;
      case 'passOn':
        this.#take(effect.call)?.passOn();
        return;
      case 'park':
        this.#links[effect.slot]?.park();
        return;
      case 'unreached':
        this.#reach(effect);
        return;
      case 'primary':
        this.#primary = effect.slot;
        this.#sending = true;
        this.#setup.onPrimary(effect.slot, effect.replica);
        return;
      case 'settings':
        this.#stepper.batchMs = effect.settings.batchMs;
        this.#setup.onSettings(effect.settings);
        return;
      case 'ended':
        this.#end(effect.clean);
        return;
      case 'log':
        this.#setup.logger.log(effect.level, effect.event, effect.fields);
        return;
      default:
        unreachable(effect, 'session effect');
    }
  }

  #fail({ call, code, reason, mayHaveTakenEffect }: SessionEffect & { kind: 'fail' }): void {
    const failed = this.#take(call);
    const again = code === 'UNDERSTUDY_UNREACHABLE' && !mayHaveTakenEffect && failed?.waitForReady;
    if (code === 'UNDERSTUDY_SESSION_EXPIRED' && !mayHaveTakenEffect && failed?.resubmit !== undefined) {
      this.#unsent.push(failed);
      return;
    }
    // A stream itself knows which of its messages to send again.
    if (again && !isStream(failed)) this.submit(failed);
    else failed?.fail(code, reason, mayHaveTakenEffect);
  }

  #reach({ addresses, members }: SessionEffect & { kind: 'unreached' }): void {
    for (const address of addresses) {
      const known = this.#links.length;
      const slot = this.#setup.learn(address, members);
      if (this.#links.length > known) this.#setup.logger.log('info', 'learned of a member', { slot, address });
      const link = slot === undefined ? undefined : this.#links[slot];
      // Another member had this address before.
      if (link?.parked) link.reconnect();
    }
  }

  #invoke({ call, slot, header, request }: SessionEffect & { kind: 'invoke' }): void {
    if (!this.#calls.has(call)) return;
    this.#sending = true;
    const sendByFrame = (): void => {
      const frame: SessionFrame = { kind: 'multicast', header: header.header, requests: [], reads: [], streams: [] };
      this.#links[slot]?.write(this.#encode(frame));
    };
    this.#carrier.invoke({ call, slot, header, request, sendByFrame, regenerated: this.#setup.regeneratedKeys() });
  }

  /** A large request is not copied for each replica, nor in one go: its chunks are copied when they leave. */
  #sendBulk(slot: number, frame: SessionFrame): void {
    this.#noteSending(frame);
    const bytes = sessionFramePieces(frame, this.#setup.secret);
    this.#links[slot]?.write(bytes, { lane: 'bulk', sent: () => this.#stepper.step({ kind: 'sent', slot }) });
  }

  #encode(frame: SessionFrame): Uint8Array {
    this.#noteSending(frame);
    return encodeSessionFrame(frame, this.#setup.secret);
  }

  #noteSending(frame: SessionFrame): void {
    if (frame.kind === 'multicast' && (frame.requests.length > 0 || frame.reads.length > 0)) this.#sending = true;
  }

  #admit(call: OpenCall): void {
    call.id = this.#nextCall++ as CallId;
    this.#calls.set(call.id, call);
    // If the session was about to end, it goes on.
    this.#closingSinceMs = undefined;
  }

  #stream(id: CallId): OpenStream | undefined {
    const call = this.#calls.get(id);
    return call !== undefined && isStream(call) ? call : undefined;
  }

  #take(id: CallId): OpenCall | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    if (this.#calls.size === 0) this.#idleSinceMs = monotonicMs();
    return call;
  }

  #onTick(): void {
    const nowMs = monotonicMs();
    this.#stepper.step({ kind: 'tick' });
    if (this.#ended) return;
    if (this.#calls.size > 0) {
      this.#failUnreachable();
    } else if (this.#closingSinceMs === undefined) {
      if (this.#retired || nowMs - this.#idleSinceMs >= IDLE_MS) this.close();
    } else if (nowMs - this.#closingSinceMs > CLOSE_MAX_MS) {
      this.#setup.logger.log('warn', 'session did not end in time after close', { connection: this.connection });
      this.#end(false);
    }
  }

  #closeSession(): void {
    if (this.#closingSinceMs !== undefined || this.#ended) return;
    this.#closingSinceMs = monotonicMs();
    this.#stepper.step({ kind: 'close' });
  }

  /**
   * Fails calls as soon as it is certain that no replica can be reached, as grpc-js does. Calls that prefer waiting
   * stay open.
   */
  #failUnreachable(): void {
    if (this.#everHeard || this.#sending) return;
    const failures = this.#links.map((link) => link.failure);
    if (failures.includes(undefined)) return;
    const reason = `no replica can be reached: ${[...new Set(failures)].join('; ')}`;
    for (const call of [...this.#calls.values()]) {
      if (call.waitForReady) continue;
      this.cancel(call);
      call.fail('UNDERSTUDY_UNREACHABLE', reason, false);
    }
  }

  /** Ends the session because an invariant of its own does not hold: nothing it says can be believed any more. */
  #defect(error: InvariantViolation): void {
    this.#setup.logger.log('error', 'session failed', { connection: this.connection, reason: error.message });
    this.#end(false, 'UNDERSTUDY_INDETERMINATE', `the session failed: ${error.message}`);
  }

  #end(
    clean: boolean,
    code: ErrorCode = 'UNDERSTUDY_INDETERMINATE',
    reason = 'the session ended before a reply came',
  ): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#tick);
    this.#stepper.stop();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.fail(code, reason, this.#sending && !call.readOnly);
    this.#carrier.close();
    for (const link of this.#links) link.end();
    this.#setup.onEnded(this, clean);
    for (const call of this.#unsent.splice(0)) call.resubmit?.();
  }
}
