import type { GroupConfig, Release } from './config.js';

/**
 * A gRPC service config with a group's settings, as servers and clients are given it. Everything else in it is gRPC's own,
 * `methodConfig` for instance.
 *
 * @example
 * const serviceConfig: UnderstudyServiceConfig = {
 *   loadBalancingConfig: [{ understudy: { group: 'bank', leaseMs: 300 } }],
 * };
 */
export interface UnderstudyServiceConfig {
  /** Exactly one entry is `{ understudy: settings }`; others are for clients that do not know it. */
  readonly loadBalancingConfig: readonly ({ readonly understudy: GroupSettings } | Readonly<Record<string, object>>)[];
  readonly [field: string]: unknown;
}

/** The settings of a group, the same for all its replicas and clients. Only the name is required. */
export interface GroupSettings extends Partial<Omit<GroupConfig, 'group' | 'methods'>> {
  /** The group's name, 1 to 255 characters. */
  readonly group: string;
  /** Settings of single methods. Of several entries that fit a method the most specific one decides alone. Default: none. */
  readonly methods?: readonly MethodEntry[];
}

/**
 * Settings of some methods.
 *
 * @example
 * { name: [{ service: 'bank.v1.Bank', method: 'GetBalance' }], readOnly: true }
 */
export interface MethodEntry {
  /** The methods, as in gRPC's `methodConfig`: without `method` all of the service, without `service` all of the server. */
  readonly name: readonly { readonly service?: string; readonly method?: string }[];
  /**
   * The methods change nothing: their calls take no place in the order, and only the primary runs them. A method that says
   * so and changes state makes replicas differ. Default false.
   */
  readonly readOnly?: boolean;
  /**
   * Calls complete as soon as they have their place in the order; what the handler answers is not sent. Not together with
   * `readOnly`. Default false.
   */
  readonly oneWay?: boolean;
  /** When replies may leave. Default: the group's `release`. */
  readonly release?: Release;
}
