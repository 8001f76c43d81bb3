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
 * Adds to each call the metadata that credentials generate, those of the channel and those of the call. grpc-js would
 * ask them only once for a whole link, but handlers expect the metadata with every call.
 */
export class CallMetadataSource {
  readonly #channel: CallCredentials | undefined;
  readonly #authority: string;
  /** Keys that the channel's credentials have set. The channel sets them again in every RPC. */
  #channelKeys: ReadonlySet<string> | undefined;

  /** @param authority the authority of calls whose options name none */
  constructor(channelCredentials: ChannelCredentials, addresses: string, options: ChannelOptions, authority: string) {
    this.#channel = credentialsOf(channelCredentials, addresses, options);
    this.#authority = authority;
  }

  get channelKeys(): ReadonlySet<string> | undefined {
    return this.#channelKeys;
  }

  /** @returns undefined if no credentials add anything, so that the call need not wait; this is the usual case */
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

/** grpc-js reveals the call credentials of a channel only through the connector that it makes for a connection. */
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
