/** The grpc-js channel of a replicated client. */
import { Channel, ChannelCredentials, type ChannelOptions, type experimental } from '@grpc/grpc-js';
import { type Logger, UnderstudyError } from '@understudy/core';
import type { GroupConfig } from '@understudy/core/internal';
import { HINT_OPTION } from '../routing/policy.js';
import { PrimaryHint } from '../routing/primary-hint.js';
import { NO_PROXY } from '../routing/proxy.js';
import { ReplicaList } from '../routing/replica-list.js';
import { parseTarget } from '../routing/target.js';
import type { MakeSession } from '../session/session-port.js';
import { type ClientStatus, SessionHost } from './session-host.js';

type CreateCall = Channel['createCall'];

const TWO_COPIES =
  'the credentials were not made by the grpc-js that @understudy/client uses; if they are credentials, two copies are ' +
  'installed: `npm ls @grpc/grpc-js` shows them, `npm dedupe` or `overrides` in package.json leave one';

/** The settings that all channels made from the options of one `replicated` share. */
export interface ChannelPlan {
  readonly config: GroupConfig;
  readonly makeSession: MakeSession;
  readonly logger: Logger;
  readonly callerSecret: string | undefined;
  /** Makes a call that ends at once, because it bypassed our interceptor and would not be replicated. */
  readonly refuse: () => experimental.CallStream;
  /** Whether calls of a method, `/package.Service/Method`, go their ordinary way. */
  readonly passesThrough: (path: string) => boolean;
}

/**
 * A grpc-js channel whose replicated calls travel through sessions of its own. Calls that are not replicated, and the
 * `rpc` carrier, use the channel itself, which connects only for them.
 */
export class ReplicatedChannel extends Channel {
  readonly host: SessionHost;
  readonly #refuse: ChannelPlan['refuse'];
  readonly #passesThrough: (path: string) => boolean;

  /**
   * @throws UNDERSTUDY_CONFIG if the target is not `understudy:` with the address of each replica; UNDERSTUDY_SETUP if the
   *   credentials are of another copy of grpc-js
   */
  constructor(target: string, credentials: ChannelCredentials, options: ChannelOptions, plan: ChannelPlan) {
    if (!(credentials instanceof ChannelCredentials)) throw new UnderstudyError('UNDERSTUDY_SETUP', TWO_COPIES);
    const addresses = parseTarget(target);
    const hint = new PrimaryHint(new ReplicaList(addresses, options));
    super(target, credentials, { ...options, ...NO_PROXY, [HINT_OPTION]: hint });
    this.#passesThrough = plan.passesThrough;
    this.#refuse = plan.refuse;
    this.host = new SessionHost({
      ...plan,
      target,
      addresses,
      credentials,
      options,
      hint,
      // This bypasses `createCall` below, because calls that are open when the client is closed still need the channel.
      makeRpc: (path, deadlineMs) => super.createCall(path, deadlineMs, null, null, null),
    });
  }

  /** Ends the sessions after their open calls, then the channel. */
  override close(): void {
    void this.closeSessions();
  }

  /**
   * Does the same as `close`.
   *
   * @returns whether nothing unstable was left behind, once all is done
   */
  async closeSessions(): Promise<boolean> {
    const clean = await this.host.close();
    super.close();
    return clean;
  }

  /**
   * Makes a call that is not replicated. Replicated calls do not come here: our interceptor gives them to the session.
   * The client of another library has no such interceptor, so its replicated calls do come here.
   */
  override createCall(...args: Parameters<CreateCall>): ReturnType<CreateCall> {
    this.assertOpen();
    const [path] = args;
    return this.passesThrough(path) ? super.createCall(...args) : this.createReplicated(...args);
  }

  /** Makes a replicated call that bypassed our interceptor. */
  protected createReplicated(..._args: Parameters<CreateCall>): ReturnType<CreateCall> {
    return this.#refuse();
  }

  /**
   * While some caller waits for the channel to be ready, closing it makes grpc-js ask for the state once more. That
   * must not make the channel connect.
   */
  override getConnectivityState(tryToConnect: boolean): ReturnType<Channel['getConnectivityState']> {
    return super.getConnectivityState(tryToConnect && !this.host.closed);
  }

  /** Whether calls of a method go their ordinary way, by a rule or because the group says so. */
  passesThrough(path: string): boolean {
    return this.#passesThrough(path) || this.host.passesThrough(path);
  }

  /** @throws Error in grpc-js's words for a call on a closed channel */
  assertOpen(): void {
    if (this.host.closed) throw new Error('Channel has been shut down');
  }

  get status(): ClientStatus {
    return this.host.status;
  }
}
