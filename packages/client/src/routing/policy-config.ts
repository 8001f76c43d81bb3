import type { experimental } from '@grpc/grpc-js';
import { type GroupConfig, POLICY_NAME, parseServiceConfig } from '@understudy/core/internal';

/** The `understudy` entry of `loadBalancingConfig`, as grpc-js hands it to the policy. */
export class PolicyConfig implements experimental.TypedLoadBalancingConfig {
  readonly group: GroupConfig;
  readonly #json: object;

  constructor(json: object) {
    this.group = parseServiceConfig({ loadBalancingConfig: [{ [POLICY_NAME]: json }] });
    this.#json = json;
  }

  /**
   * @throws UNDERSTUDY_CONFIG; grpc-js answers it by silently using pick_first, so clients must check their config
   *   themselves
   */
  static createFromJson(json: object): PolicyConfig {
    return new PolicyConfig(json);
  }

  getLoadBalancerName(): string {
    return POLICY_NAME;
  }

  toJsonObject(): object {
    return { [POLICY_NAME]: this.#json };
  }
}
