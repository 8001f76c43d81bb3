import { experimental } from '@grpc/grpc-js';
import { POLICY_NAME } from '@understudy/core/internal';
import { checkGrpcVersion } from '@understudy/grpc-common';
import { DIAL_SCHEME, DialResolver } from '../link/dial.js';
import { UnderstudyLoadBalancer } from '../routing/policy.js';
import { PolicyConfig } from '../routing/policy-config.js';
import { UnderstudyResolver } from '../routing/resolver.js';
import { SCHEME } from '../routing/target.js';

let registered = false;

/**
 * Makes the target scheme `understudy:` and the load-balancing policy `understudy` known to grpc-js, once a process.
 * `replicated` does this by itself. A client that only wants to be routed to the primary calls this and gives the
 * service config as the option `grpc.service_config`.
 *
 * @throws UNDERSTUDY_SETUP if grpc-js is older than 1.14
 */
export function registerUnderstudy(): void {
  if (registered) return;
  checkGrpcVersion();
  registered = true;
  experimental.registerResolver(SCHEME, UnderstudyResolver);
  experimental.registerResolver(DIAL_SCHEME, DialResolver);
  experimental.registerLoadBalancerType(POLICY_NAME, UnderstudyLoadBalancer, PolicyConfig);
}
