import {
  type CallCredentials,
  type ChannelCredentials,
  type ChannelOptions,
  credentials,
  Metadata,
} from '@grpc/grpc-js';
import { SCHEME } from '../routing/target.js';

const EMPTY = credentials.createEmpty();

/**
 * The credentials that add metadata to each call, both those of the channel and those of the call. On a stream of ours
 * grpc-js would ask them once for the stream; handlers expect them with every call.
 */
export class CallMetadataSource {
  readonly #channel: CallCredentials | undefined;
  readonly #authority: string;
  /** Keys that the channel's credentials gave; the channel adds them itself to what travels as an RPC. */
  #channelKeys: ReadonlySet<string> | undefined;

  /** @param authority what calls are made to when their options do not say */
  constructor(channelCredentials: ChannelCredentials, addresses: string, options: ChannelOptions, authority: string) {
    this.#channel = credentialsOf(channelCredentials, addresses, options);
    this.#authority = authority;
  }

  get channelKeys(): ReadonlySet<string> | undefined {
    return this.#channelKeys;
  }

  /** Undefined if no credentials add anything, as is usual: then a call waits for nothing. */
  generate(path: string, host: string | undefined, ofCall: CallCredentials | undefined): Promise<Metadata> | undefined {
    if (this.#channel === undefined && (ofCall === undefined || isEmpty(ofCall))) return undefined;
    const hostname = (host ?? this.#authority).replace(/:\d+$/, '');
    const options = { method_name: path, service_url: `https://${hostname}${path.slice(0, path.lastIndexOf('/'))}` };
    return this.#merge(ofCall?.generateMetadata(options), this.#channel?.generateMetadata(options));
  }

  async #merge(ofCall: Promise<Metadata> | undefined, ofChannel: Promise<Metadata> | undefined): Promise<Metadata> {
    const [first, second] = await Promise.all([ofCall, ofChannel]);
    const merged = new Metadata();
    if (first !== undefined) merged.merge(first);
    if (second === undefined) return merged;
    this.#channelKeys = new Set(Object.keys(second.toJSON()));
    merged.merge(second);
    return merged;
  }
}

function isEmpty(callCredentials: CallCredentials): boolean {
  return EMPTY._equals(callCredentials);
}

/** Channel credentials name their call credentials only through the connector that they make for a connection. */
function credentialsOf(
  channelCredentials: ChannelCredentials,
  addresses: string,
  options: ChannelOptions,
): CallCredentials | undefined {
  const connector = channelCredentials._createSecureConnector({ scheme: SCHEME, path: addresses }, options);
  const callCredentials = connector.getCallCredentials();
  connector.destroy();
  return isEmpty(callCredentials) ? undefined : callCredentials;
}
