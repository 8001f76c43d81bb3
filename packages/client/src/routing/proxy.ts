/** HTTP proxies as grpc-js reads them: `grpc_proxy`, `https_proxy`, `http_proxy`, and the hosts that need none. */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
// grpc-js exports this nowhere else, and our own reading of the same variables would some day differ from its.
import { mapProxyName } from '@grpc/grpc-js/build/src/http_proxy.js';

/** The way through a proxy to one replica. */
export interface HttpProxy {
  readonly address: experimental.SubchannelAddress;
  /** The options of a channel or subchannel that leads through it. */
  readonly options: ChannelOptions;
}

/** Keeps grpc-js from asking a proxy for a target of ours, which means nothing outside of this process. */
export const NO_PROXY: ChannelOptions = { 'grpc.enable_http_proxy': 0 };

/**
 * The proxy on the way to an address; undefined if there is none.
 *
 * @param authority `host:port`
 * @param options the user's channel options, of which `grpc.enable_http_proxy` matters here
 */
export function proxyTo(authority: string, options: ChannelOptions): HttpProxy | undefined {
  const { target, extraOptions } = mapProxyName({ scheme: 'dns', path: authority }, options);
  const proxy = experimental.splitHostPort(target.path);
  if (!('grpc.http_connect_target' in extraOptions) || proxy?.port === undefined) return undefined;
  return { address: { host: proxy.host, port: proxy.port }, options: extraOptions };
}
