import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Reply } from '@understudy/core/internal';
import { callerEntries, carriedMetadata } from '@understudy/grpc-common';
import { echoDefinition } from './echo.js';
import type { HandlerSide, StreamHandler } from './stream-handler.js';

type AnyCall =
  | ServerReadableStream<string, string>
  | ServerWritableStream<string, string>
  | ServerDuplexStream<string, string>;

/** Starts an ordinary grpc-js server whose streaming methods are served by a scripted handler. */
export async function startBareStreams(handler: StreamHandler): Promise<{ port: number; stop: () => void }> {
  const server = new Server();
  const { upload, watch, chat } = echoDefinition;
  server.addService(
    { upload, watch, chat },
    {
      upload: (call: ServerReadableStream<string, string>, callback: sendUnaryData<string>) => {
        let value: string | null = null;
        const send = (text: string): void => {
          value = text;
        };
        handler(sideOf(call, send, (outcome) => reply(callback, value, outcome)));
      },
      watch: (call: ServerWritableStream<string, string>) => handler(responding(call)),
      chat: (call: ServerDuplexStream<string, string>) => handler(responding(call)),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, stop: () => server.forceShutdown() };
}

function reply(callback: sendUnaryData<string>, value: string | null, outcome: Reply): void {
  const metadata = carriedMetadata(outcome.trailers);
  if (outcome.code === 0) callback(null, value, metadata);
  else callback({ code: outcome.code, details: outcome.details, metadata });
}

function responding(call: ServerWritableStream<string, string> | ServerDuplexStream<string, string>): HandlerSide {
  const finish = (outcome: Reply): void => {
    const metadata = outcome.trailers === undefined ? new Metadata() : carriedMetadata(outcome.trailers);
    if (outcome.code === 0) call.end(metadata);
    else call.emit('error', { code: outcome.code, details: outcome.details, metadata });
  };
  return sideOf(call, (text) => void call.write(text), finish);
}

function sideOf(call: AnyCall, send: (text: string) => void, finish: (outcome: Reply) => void): HandlerSide {
  return {
    metadata: callerEntries(call.metadata) ?? [],
    request: 'request' in call ? call.request : undefined,
    onMessage: (hear) => void call.on('data', hear),
    onEnd: (hear) => void call.on('end', hear),
    onCancelled: (hear) => void call.on('cancelled', hear),
    sendMetadata: (entries) => call.sendMetadata(carriedMetadata(entries)),
    send,
    finish,
  };
}
