import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServiceError,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { Stage } from '../testing/stage.js';

interface AskedStatus {
  readonly code: number;
  readonly details: string;
}

const method = (path: string, responseStream: boolean) => ({
  path,
  requestStream: false,
  responseStream,
  requestSerialize: (value: AskedStatus) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as AskedStatus,
  responseSerialize: () => Buffer.alloc(0),
  responseDeserialize: () => ({}),
});
const endingService = { End: method('/test.Endings/End', false), EndStream: method('/test.Endings/EndStream', true) };

/** Makes handlers that end each call with the status that it asks for. */
function endings(onCall: () => void): Record<keyof typeof endingService, UntypedHandleCall> {
  return {
    End: (call: { request: AskedStatus }, callback: (error: object) => void) => {
      onCall();
      callback(call.request);
    },
    EndStream: (call: { request: AskedStatus; emit(event: 'error', error: object): void }) => {
      onCall();
      call.emit('error', call.request);
    },
  };
}

function end(client: Client, name: keyof typeof endingService, ending: AskedStatus): Promise<ServiceError> {
  const { path, requestSerialize, responseDeserialize } = endingService[name];
  const deadline = Date.now() + 120_000;
  return new Promise((resolve, reject) => {
    if (name === 'End') {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, ending, { deadline }, (error) =>
        error === null ? reject(new Error('succeeded')) : resolve(error),
      );
    } else {
      const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, ending, { deadline });
      call.on('data', () => {}).on('error', (error) => resolve(error as ServiceError));
    }
  });
}

const OURS: readonly AskedStatus[] = [
  { code: 14, details: 'UNDERSTUDY_VOIDED: the message had no order when the primary changed; it had no effect' },
  {
    code: 14,
    details: 'UNDERSTUDY_INDETERMINATE: the group does not know this stream any more; it may have taken effect',
  },
  { code: -1, details: 'abandoned' },
  { code: -2, details: '' },
  { code: -3, details: '' },
  { code: 99, details: 'no such status' },
];

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function bareClient(): Promise<Client> {
  const server = new Server();
  server.addService(
    endingService,
    endings(() => {}),
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  closing.push(
    () => server.forceShutdown(),
    () => client.close(),
  );
  return client;
}

describe.each(['stream', 'rpc'])(
  'a handler that ends a call with a status which replication once used itself (%s)',
  (carrier) => {
    it.each(OURS.flatMap((ending) => (['End', 'EndStream'] as const).map((name) => ({ name, ...ending }))))(
      'runs once, and its caller of $name gets $code "$details" as from a bare service',
      async ({ name, ...ending }) => {
        let calls = 0;
        const stage = new Stage(memoryCoordinator(), { carrier }, [], (server) =>
          server.addService(
            endingService,
            endings(() => calls++),
          ),
        );
        closing.push(() => stage.end());
        const [node] = await stage.startGroup(1);
        const options = replicated({ serviceConfig: stage.serviceConfig, logger: stage.logger });
        const client = new Client(`understudy:///${node?.address}`, credentials.createInsecure(), options);
        closing.push(() => understudyClient(client).close());
        const { code, details } = await end(client, name, ending);
        const bare = await end(await bareClient(), name, ending);
        expect({ code, details, calls }).toEqual({ code: bare.code, details: bare.details, calls: 1 });
      },
    );
  },
);
