/** The service of the client's tests, and unary calls of it. */
import {
  type CallOptions,
  type Client,
  type ClientOptions,
  type ClientUnaryCall,
  credentials,
  Metadata,
  makeClientConstructor,
  type ServiceError,
  status as Status,
} from '@grpc/grpc-js';
import type { Reply, Request } from '@understudy/core/internal';

/** A service without protobuf, whose messages are text. */
export const echoDefinition = {
  echo: method('Echo', false),
  look: method('Look', false),
  upload: method('Upload', true, false),
  watch: method('Watch', false, true),
  chat: method('Chat', true),
};

function method(name: string, requestStream: boolean, responseStream = requestStream) {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: (text: string): Buffer => {
      if (text === 'unserializable') throw new Error('cannot serialize this');
      return Buffer.from(text);
    },
    requestDeserialize: (bytes: Buffer): string => bytes.toString(),
    responseSerialize: (text: string): Buffer => Buffer.from(text),
    responseDeserialize: (bytes: Buffer): string => {
      const text = bytes.toString();
      if (text === 'unparsable') throw new Error('cannot parse this');
      return text;
    },
  };
}

/** These groups fail over only if they are told to: no busy machine stalls a replica for this long. */
const LONG_LEASE_MS = 20_000;

export const serviceConfig = {
  loadBalancingConfig: [
    {
      understudy: {
        group: 'test',
        leaseMs: LONG_LEASE_MS,
        methods: [{ name: [{ service: 'test.Echo', method: 'Look' }], readOnly: true }],
      },
    },
  ],
};

export const EchoClient = makeClientConstructor(echoDefinition, 'test.Echo');

/** Everything that a client hears of a unary call, in order. */
export interface HeardUnary {
  readonly events: readonly string[];
  readonly value: string | undefined;
  readonly error: ServiceError | null;
  readonly initialMetadata: Metadata | undefined;
  readonly trailers: Metadata | undefined;
}

export interface Ask {
  readonly method?: 'echo' | 'look';
  readonly metadata?: Metadata;
  readonly options?: CallOptions;
  /** Gets the call as soon as it is made. */
  readonly made?: (call: ClientUnaryCall) => void;
}

/** Makes a call and waits until nothing more will be heard of it. */
export function ask(client: Client, text: string, { method = 'echo', metadata, options, made }: Ask = {}) {
  const { path, requestSerialize, responseDeserialize } = echoDefinition[method];
  return new Promise<HeardUnary>((resolve) => {
    const events: string[] = [];
    let initialMetadata: Metadata | undefined;
    let result: { value: string | undefined; error: ServiceError | null } | undefined;
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      text,
      metadata ?? new Metadata(),
      options ?? {},
      (error, value) => {
        events.push(error === null ? 'value' : 'error');
        result = { value, error };
      },
    );
    call.on('metadata', (received: Metadata) => {
      events.push('metadata');
      initialMetadata = received;
    });
    call.on('status', (status) => {
      events.push('status');
      const { value, error } = result ?? { value: undefined, error: null };
      resolve({ events, value, error, initialMetadata, trailers: status.metadata });
    });
    made?.(call);
  });
}

export const connectTo = (target: string, options: ClientOptions): Client =>
  new EchoClient(target, credentials.createInsecure(), options);

export const reply = (text: string): Reply => ({
  kind: 'reply',
  code: Status.OK,
  details: '',
  message: Buffer.from(text),
});

/** The answer of a handler that finds nothing. */
export const NOT_FOUND: Reply = {
  kind: 'reply',
  code: Status.NOT_FOUND,
  details: 'no such thing',
  trailers: [['why', 'gone']],
};

/** A reply with metadata of all sorts. */
export const replyWithMetadata = (trailers: Reply['trailers'] & object): Reply => ({
  ...reply('ok'),
  initialMetadata: [
    ['first', '1'],
    ['blob-bin', Buffer.from([0, 255])],
  ],
  trailers,
});

/** Answers with the message that was sent. */
export const echoing = (request: Request): Reply => reply(Buffer.from(request.message).toString());
