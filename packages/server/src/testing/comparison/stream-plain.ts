import {
  Client,
  credentials,
  Metadata,
  Server,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { identity } from '@understudy/grpc-common';
import { Journal } from './journal.js';
import { jsonBytes, plain, serve, serviceOf } from './side-by-side.js';
import {
  type AnyCall,
  handlerEnded,
  isCancelled,
  PATH,
  type Scenario,
  type StreamObserved,
  watched,
} from './streams.js';

/** Plays a scenario with a client and a server of grpc-js alone. */
export async function playPlain(scenario: Scenario): Promise<StreamObserved> {
  const journal = new Journal();
  const { server, started } = serverOf(scenario, journal);
  const running = await serve(server);
  const client = new Client(`127.0.0.1:${running.port}`, credentials.createInsecure());
  const options = scenario.deadline === undefined ? {} : { deadline: scenario.deadline };
  const call = client.makeBidiStreamRequest(PATH, identity, String, scenario.metadata ?? new Metadata(), options);
  let initialMetadata: unknown = 'none';
  let status: unknown;
  call.on('metadata', (metadata) => {
    initialMetadata = told(metadata);
  });
  call.on('data', (message) => journal.received(message));
  call.on('error', () => {});
  call.on('status', ({ code, details, metadata }) => {
    status = { code, details, metadata: told(metadata) };
    journal.changed();
  });
  for (const step of scenario.client) {
    if (step === 'end') call.end();
    else if (step === 'cancel') call.cancel();
    else if ('until' in step) await journal.until(step.until);
    else call.write('bytes' in step ? step.bytes : jsonBytes(step.write));
  }
  await journal.until(() => status !== undefined);
  if (started()) await journal.until(handlerEnded);
  client.close();
  running.close();
  const { messages, handler } = journal;
  return { initialMetadata, messages, status: isCancelled(scenario) ? 'cancelled' : status, handler };
}

/** The entries of metadata, without those that the transport adds. */
function told(metadata: Metadata): unknown {
  metadata.remove('content-type');
  return plain(metadata);
}

function serverOf(scenario: Scenario, journal: Journal) {
  const { kind, definition } = scenario;
  let ran = false;
  const handler = ((call: AnyCall, callback: sendUnaryData<unknown>) => {
    ran = true;
    return watched(scenario, journal)(call, callback);
  }) as UntypedServiceImplementation[string];
  const server = new Server();
  const streams = { requestStream: kind !== 'serverStream', responseStream: kind !== 'clientStream' };
  server.addService(serviceOf({ stream: { handler, definition: { ...definition, ...streams } } }), { stream: handler });
  return { server, started: () => ran };
}
