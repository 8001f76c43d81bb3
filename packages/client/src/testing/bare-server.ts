import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { Reply, Request } from '@understudy/core/internal';
import { callerEntries, carriedMetadata } from '@understudy/grpc-common';
import { echoDefinition } from './echo.js';
import type { Answer } from './scripted-replica.js';

const raw = <T extends object>(definition: T) => ({
  ...definition,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
});

type Call = ServerUnaryCall<Buffer, Buffer>;

/** Starts an ordinary grpc-js server that gives the answers of a scripted group. */
export async function startBareServer(answer: Answer): Promise<{ port: number; server: Server }> {
  const server = new Server();
  const handle = (call: Call, callback: sendUnaryData<Buffer>): void => {
    const metadata = callerEntries(call.metadata);
    const request: Request = { method: call.getPath(), message: call.request, ...(metadata && { metadata }) };
    const outcome = answer(request);
    if (outcome instanceof Promise) void outcome.then((done) => send(call, callback, done));
    else if (outcome !== undefined) send(call, callback, outcome);
  };
  server.addService({ echo: raw(echoDefinition.echo), look: raw(echoDefinition.look) }, { echo: handle, look: handle });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, server };
}

function send(call: Call, callback: sendUnaryData<Buffer>, outcome: Reply): void {
  if (outcome.initialMetadata !== undefined) call.sendMetadata(carriedMetadata(outcome.initialMetadata));
  const trailers = outcome.trailers === undefined ? new Metadata() : carriedMetadata(outcome.trailers);
  if (outcome.code !== 0) callback({ code: outcome.code, details: outcome.details, metadata: trailers });
  else callback(null, Buffer.from(outcome.message ?? []), trailers);
}
