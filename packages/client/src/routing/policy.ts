/** The load-balancing policy `understudy`: keeps a connection to every replica and sends calls to the primary. */
import { type ChannelOptions, connectivityState, experimental } from '@grpc/grpc-js';
import { POLICY_NAME } from '@understudy/core/internal';
import { Attempts } from './attempts.js';
import { ReplicaPicker } from './picker.js';
import { PolicyConfig } from './policy-config.js';
import { PrimaryHint } from './primary-hint.js';

/**
 * Channel option that carries the hint of the channel's session. Its prefix keeps it out of the subchannels' arguments.
 */
export const HINT_OPTION = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.understudy_hint`;

const { IDLE, CONNECTING, READY, TRANSIENT_FAILURE } = connectivityState;

/** Keeps a connection to every replica of the target and hands grpc-js a picker whenever one of them changes. */
export class UnderstudyLoadBalancer implements experimental.LoadBalancer {
  readonly #helper: experimental.ChannelControlHelper;
  readonly #childHelper: experimental.ChannelControlHelper;
  #replicas: readonly experimental.LeafLoadBalancer[] = [];
  #attempts: readonly Attempts[] = [];
  #hint = new PrimaryHint();
  #unsubscribe: () => void = () => {};
  #paused = false;
  #lastError: string | null = null;

  constructor(helper: experimental.ChannelControlHelper) {
    this.#helper = helper;
    this.#childHelper = experimental.createChildChannelControlHelper(helper, {
      updateState: (_state, _picker, errorMessage) => {
        if (errorMessage !== null) this.#lastError = errorMessage;
        this.#update();
      },
    });
  }

  updateAddressList(
    endpoints: experimental.StatusOr<experimental.Endpoint[]>,
    config: experimental.TypedLoadBalancingConfig,
    options: ChannelOptions,
    resolutionNote: string,
  ): boolean {
    if (!(config instanceof PolicyConfig)) return false;
    if (!endpoints.ok) {
      if (this.#replicas.length === 0) {
        const picker = new experimental.UnavailablePicker(endpoints.error);
        this.#helper.updateState(TRANSIENT_FAILURE, picker, endpoints.error.details);
      }
      return true;
    }
    this.destroy();
    const shared: unknown = options[HINT_OPTION];
    this.#hint = shared instanceof PrimaryHint ? shared : new PrimaryHint();
    this.#unsubscribe = this.#hint.onChange(() => this.#update());
    this.#paused = true;
    const isReady = (slot: number) => this.#replicas[slot]?.getConnectivityState() === READY;
    this.#attempts = endpoints.value.flatMap(({ addresses: [address] }, slot) =>
      address === undefined ? [] : [new Attempts(address, () => isReady(slot))],
    );
    this.#replicas = this.#attempts.map(({ address }) => {
      const endpoint = { addresses: [address] };
      return new experimental.LeafLoadBalancer(endpoint, this.#childHelper, ownName(endpoint, options), resolutionNote);
    });
    for (const replica of this.#replicas) replica.startConnecting();
    this.#paused = false;
    this.#update();
    return true;
  }

  /** Does nothing, because every replica is kept connected. */
  exitIdle(): void {}

  resetBackoff(): void {}

  destroy(): void {
    this.#unsubscribe();
    this.#unsubscribe = () => {};
    for (const [slot, replica] of this.#replicas.entries()) {
      if (replica.getConnectivityState() !== READY) this.#attempts[slot]?.giveUp();
      replica.destroy();
    }
    this.#replicas = [];
    this.#attempts = [];
  }

  getTypeName(): string {
    return POLICY_NAME;
  }

  #update(): void {
    if (this.#paused) return;
    const states = this.#replicas.map((replica) => replica.getConnectivityState());
    const picker = new ReplicaPicker(this.#replicas, this.#hint, this.#lastError);
    if (states.includes(READY)) this.#helper.updateState(READY, picker, null);
    else if (states.includes(CONNECTING) || states.includes(IDLE)) this.#helper.updateState(CONNECTING, picker, null);
    else this.#helper.updateState(TRANSIENT_FAILURE, picker, this.#lastError ?? 'no replica can be reached');
    for (const replica of this.#replicas) if (replica.getConnectivityState() === IDLE) replica.exitIdle();
  }
}

/**
 * A replica's certificate names its own host, but grpc-js would compare it with the first host of the target. An
 * override that the user gave stays.
 */
function ownName(endpoint: experimental.Endpoint, options: ChannelOptions): ChannelOptions {
  const [address] = endpoint.addresses;
  if (address === undefined || !('host' in address)) return options;
  return { 'grpc.ssl_target_name_override': address.host, ...options };
}
