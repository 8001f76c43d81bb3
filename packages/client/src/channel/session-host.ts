/** The sessions of a channel, and what its calls share. */
import { randomBytes } from 'node:crypto';
import type { CallCredentials, ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { realOf } from '@understudy/context';
import type { Carrier, Logger, ReplicaId } from '@understudy/core';
import {
  type ClientSettings,
  connectionHex,
  type GroupConfig,
  isListed,
  methodSettings,
  type NestedCaller,
} from '@understudy/core/internal';
import { type AuthContext, callerProof } from '@understudy/grpc-common';
import { connectionOf, SECRET_BYTES } from '@understudy/wire';
import { DeliveryQueue } from '../delivery/delivery-queue.js';
import type { MessageLimits } from '../delivery/reception.js';
import { ReplicaClient } from '../link/replica-client.js';
import type { PrimaryHint } from '../routing/primary-hint.js';
import type { ReplicaPlace } from '../routing/replica-list.js';
import type { ReplicaAddress } from '../routing/target.js';
import type { MakeRpc } from '../rpc/rpc-carrier.js';
import type { OpenCall } from '../session/open-call.js';
import type { OpenStream, StreamSession } from '../session/open-stream.js';
import type { MakeSession } from '../session/session-port.js';
import { SessionRunner } from '../session/session-runner.js';
import { CallMetadataSource } from './call-credentials.js';
import { Deadlines } from './deadlines.js';

const DEFAULT_MAX_RECEIVE_BYTES = 4 * 1024 * 1024;

export interface HostSetup {
  readonly target: string;
  readonly addresses: readonly ReplicaAddress[];
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
  readonly config: GroupConfig;
  readonly makeSession: MakeSession;
  readonly makeRpc: MakeRpc;
  readonly hint: PrimaryHint;
  readonly logger: Logger;
  readonly callerSecret: string | undefined;
}

/** Everything that a channel knows about its group. */
export interface ClientStatus {
  /** Address of the primary, as the target or the group writes it; undefined while it is unknown. */
  readonly primary: string | undefined;
  /** The primary's place in the target, from 0; later ones are of addresses that the client learned of. */
  readonly primarySlot: number | undefined;
  readonly primaryReplica: string | undefined;
  /** The newest term that a replica has told; 0 before the first. */
  readonly term: number;
  /** The connection `C` of the session that takes calls now; undefined if there is none. */
  readonly connection: string | undefined;
  readonly openCalls: number;
}

/**
 * The sessions of a channel. One takes calls and is made when the first call needs it; others may be coming to their
 * end.
 */
export class SessionHost {
  readonly deadlines = new Deadlines();
  readonly deliveries = new DeliveryQueue();
  readonly limits: MessageLimits;
  readonly callMetadata: CallMetadataSource;
  readonly #setup: HostSetup;
  readonly #replicas: ReplicaClient[];
  readonly #forgetReplicas: () => void;
  readonly #runners = new Set<SessionRunner>();
  readonly #whenIdle: (() => void)[] = [];
  /** The group's settings, once the group has told that they differ from those that the client was given. */
  #settings: ClientSettings | undefined;
  #current: SessionRunner | undefined;
  #closed = false;
  #clean = true;
  #primaryReplica: ReplicaId | undefined;
  #term = 0;

  constructor(setup: HostSetup) {
    this.#setup = setup;
    const { addresses, credentials, options, hint } = setup;
    const dialler = (place: ReplicaPlace) => new ReplicaClient(place, credentials, options);
    this.#replicas = hint.replicas.places.map(dialler);
    this.#forgetReplicas = hint.replicas.onChange((slot) => {
      const place = hint.replicas.places[slot];
      if (place !== undefined) this.#replaceReplica(slot, dialler(place));
    });
    this.limits = {
      maxSendBytes: options['grpc.max_send_message_length'] ?? -1,
      maxReceiveBytes: options['grpc.max_receive_message_length'] ?? DEFAULT_MAX_RECEIVE_BYTES,
    };
    const authority = options['grpc.default_authority'] ?? addresses[0]?.text ?? '';
    const list = addresses.map((address) => address.text).join(',');
    this.callMetadata = new CallMetadataSource(credentials, list, options, authority);
  }

  /**
   * Adds to a caller the proof that this process belongs to the calling group, if there is a secret to prove it with.
   */
  proved(caller: NestedCaller): NestedCaller {
    const { callerSecret, config } = this.#setup;
    if (callerSecret === undefined) return caller;
    return { ...caller, proof: callerProof(callerSecret, config.group, caller) };
  }

  get closed(): boolean {
    return this.#closed;
  }

  get carrier(): Carrier {
    return this.#setup.config.carrier;
  }

  /** The address of the replica that answers calls; the target while that is unknown, as in grpc-js. */
  get peer(): string {
    return this.#primaryAddress ?? this.#setup.target;
  }

  get authContext(): AuthContext | null {
    return this.#current?.primaryLink?.dialled?.getAuthContext() ?? null;
  }

  get status(): ClientStatus {
    return {
      primary: this.#primaryAddress,
      primarySlot: this.#setup.hint.slot,
      primaryReplica: this.#primaryReplica,
      term: this.#term,
      connection: this.#current && connectionHex(this.#current.connection),
      openCalls: [...this.#runners].reduce((sum, runner) => sum + runner.openCalls, 0),
    };
  }

  /**
   * Whether calls of a method only read, by the group's word.
   *
   * @param own what the client's own settings say
   */
  isReadOnly(path: string, own: boolean): boolean {
    return this.#settings === undefined ? own : methodSettings(this.#settings, path).readOnly;
  }

  /** Whether the group is known not to replicate a method. Before the first session has learnt it, no method is. */
  passesThrough(path: string): boolean {
    return this.#settings !== undefined && isListed(path, this.#settings.unreplicated);
  }

  /** Makes an ordinary RPC, past the sessions. */
  openPlain(path: string, deadlineMs: number, credentials: CallCredentials | undefined): ReturnType<MakeRpc> {
    const call = this.#setup.makeRpc(path, deadlineMs);
    if (credentials !== undefined) call.setCredentials(credentials);
    return call;
  }

  /** Gives a call to the session that takes calls, which is made if there is none. */
  submit(call: OpenCall): SessionRunner {
    const runner = this.#takingCalls();
    runner.submit(call);
    return runner;
  }

  /** Does the same for a stream. */
  openStream(stream: OpenStream): StreamSession {
    const runner = this.#takingCalls();
    runner.openStream(stream);
    return runner;
  }

  /**
   * Takes no new calls, lets the open ones end, and then ends the sessions: they flush, wait within a bound for
   * stability, and deregister.
   *
   * @returns whether nothing unstable was left behind
   */
  async close(): Promise<boolean> {
    this.#closed = true;
    for (const runner of this.#runners) runner.close();
    if (this.#runners.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    else this.#closeReplicas();
    return this.#clean;
  }

  get #primaryAddress(): string | undefined {
    const { slot, replicas } = this.#setup.hint;
    return slot === undefined ? undefined : replicas.places[slot]?.text;
  }

  #takingCalls(): SessionRunner {
    if (this.#current === undefined || !this.#current.open) this.#current = this.#startSession();
    return this.#current;
  }

  #startSession(): SessionRunner {
    const { config, makeSession, makeRpc, hint, logger } = this.#setup;
    const secret = realOf(randomBytes)(SECRET_BYTES);
    const runner = new SessionRunner({
      secret,
      connection: connectionOf(secret),
      // The group's settings that one session has learned hold for the next one, too.
      config: { ...config, ...this.#settings },
      replicas: this.#replicas,
      makeSession,
      makeRpc,
      regeneratedKeys: () => this.callMetadata.channelKeys,
      logger,
      onPrimary: (slot, replica) => {
        hint.set(slot);
        this.#primaryReplica = replica;
      },
      onTerm: (term) => {
        if (term > this.#term) this.#term = term;
      },
      onSettings: (settings) => {
        this.#settings = settings;
      },
      learn: (address, members) => hint.replicas.learn(address, members),
      places: hint.replicas,
      onEnded: (ended, clean) => this.#onEnded(ended, clean),
    });
    this.#runners.add(runner);
    return runner;
  }

  #onEnded(runner: SessionRunner, clean: boolean): void {
    this.#runners.delete(runner);
    if (this.#current === runner) this.#current = undefined;
    if (!clean) this.#clean = false;
    if (this.#runners.size > 0) return;
    if (this.#closed) this.#closeReplicas();
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #replaceReplica(slot: number, replica: ReplicaClient): void {
    const former = this.#replicas[slot];
    this.#replicas[slot] = replica;
    for (const runner of this.#runners) runner.replaceReplica(slot, replica);
    former?.close();
  }

  #closeReplicas(): void {
    this.#forgetReplicas();
    for (const replica of this.#replicas) replica.close();
  }
}
