/** The load-balancing policy `understudy`: keeps a connection to every replica and sends calls to the primary. */
import { isIP } from 'node:net';
import { type ChannelOptions, connectivityState, experimental } from '@grpc/grpc-js';
import { POLICY_NAME } from '@understudy/core/internal';
import { Attempts } from './attempts.js';
import { ReplicaPicker } from './picker.js';
import { PolicyConfig } from './policy-config.js';
import { PrimaryHint } from './primary-hint.js';
import { ReplicaList, type ReplicaPlace } from './replica-list.js';

/**
 * Channel option that carries the hint of the channel's session. Its prefix keeps it out of the subchannels' arguments.
 */
export const HINT_OPTION = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.understudy_hint`;

const { IDLE, CONNECTING, READY, TRANSIENT_FAILURE } = connectivityState;

/** Keeps a connection to every replica of the target and hands grpc-js a picker whenever one of them changes. */
export class UnderstudyLoadBalancer implements experimental.LoadBalancer {
  readonly #helper: experimental.ChannelControlHelper;
  readonly #childHelper: experimental.ChannelControlHelper;
  /** By their slots; those that rest have none. */
  #replicas: (experimental.LeafLoadBalancer | undefined)[] = [];
  #attempts: Attempts[] = [];
  #hint = new PrimaryHint(new ReplicaList([], {}));
  readonly #unsubscribe: (() => void)[] = [];
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
    this.#hint = shared instanceof PrimaryHint ? shared : new PrimaryHint(listOf(endpoints.value, options));
    const { replicas } = this.#hint;
    this.#unsubscribe.push(this.#hint.onChange(() => this.#update()));
    const changed = (slot: number): void => {
      this.#connect(slot, options, resolutionNote);
      this.#update();
    };
    this.#unsubscribe.push(replicas.onChange(changed), replicas.onRest(changed));
    this.#paused = true;
    for (const slot of replicas.places.keys()) this.#connect(slot, options, resolutionNote);
    this.#paused = false;
    this.#update();
    return true;
  }

  /** Connects to the address of a slot, instead of the one that the slot had before, unless the slot rests. */
  #connect(slot: number, options: ChannelOptions, resolutionNote: string): void {
    const { replicas } = this.#hint;
    const place = replicas.places[slot];
    if (place === undefined) return;
    this.#disconnect(slot);
    this.#replicas[slot] = undefined;
    if (place.rests) return;
    const isReady = (): boolean => this.#replicas[slot]?.getConnectivityState() === READY;
    const attempts = new Attempts(place.proxy?.address ?? place.address, isReady);
    const endpoint = { addresses: [attempts.address] };
    const own = { ...ownOptions(place, replicas.keyOf(slot), options), ...place.proxy?.options };
    const replica = new experimental.LeafLoadBalancer(endpoint, this.#childHelper, own, resolutionNote);
    this.#attempts[slot] = attempts;
    this.#replicas[slot] = replica;
    replica.startConnecting();
  }

  #disconnect(slot: number): void {
    const replica = this.#replicas[slot];
    if (replica === undefined) return;
    if (replica.getConnectivityState() !== READY) this.#attempts[slot]?.giveUp();
    replica.destroy();
  }

  /** Does nothing, because every replica is kept connected. */
  exitIdle(): void {}

  resetBackoff(): void {}

  destroy(): void {
    for (const end of this.#unsubscribe.splice(0)) end();
    for (const slot of this.#replicas.keys()) this.#disconnect(slot);
    this.#replicas = [];
    this.#attempts = [];
  }

  getTypeName(): string {
    return POLICY_NAME;
  }

  #update(): void {
    if (this.#paused) return;
    const connecting = this.#replicas.filter((replica) => replica !== undefined);
    const states = connecting.map((replica) => replica.getConnectivityState());
    const picker = new ReplicaPicker(this.#replicas, this.#hint, this.#lastError);
    if (states.includes(READY)) this.#helper.updateState(READY, picker, null);
    else if (states.includes(CONNECTING) || states.includes(IDLE)) this.#helper.updateState(CONNECTING, picker, null);
    else this.#helper.updateState(TRANSIENT_FAILURE, picker, this.#lastError ?? 'no replica can be reached');
    for (const replica of connecting) if (replica.getConnectivityState() === IDLE) replica.exitIdle();
  }
}

/**
 * A replica's certificate names its own host, but grpc-js would compare it with the first host of the target. An
 * override that the user gave stays. The key keeps grpc-js from taking two addresses of one name for one.
 */
function ownOptions({ address, host }: ReplicaPlace, key: string, options: ChannelOptions): ChannelOptions {
  if (!('host' in address)) return options;
  const apart = isIP(host) === 0 ? { 'grpc.understudy_slot': key } : {};
  return { 'grpc.ssl_target_name_override': host, ...options, ...apart };
}

/** The replicas of a target whose channel has no sessions. */
function listOf(endpoints: readonly experimental.Endpoint[], options: ChannelOptions): ReplicaList {
  const addresses = endpoints.flatMap(({ addresses: [address] }) => {
    if (address === undefined) return [];
    const text = experimental.subchannelAddressToString(address);
    return [{ text, address, host: 'host' in address ? address.host : 'localhost' }];
  });
  return new ReplicaList(addresses, options);
}
