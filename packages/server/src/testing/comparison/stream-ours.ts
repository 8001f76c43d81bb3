import { type MetadataEntries, type Request, replyOf, STREAM_WINDOW, type StreamItem } from '@understudy/core/internal';
import { entriesOf, metadataOf } from '@understudy/grpc-common';
import type { CapturedStream } from '../../capture/captured.js';
import type { HandlerFault } from '../../handlers/handler-fault.js';
import { StreamExecution } from '../../handlers/stream-execution.js';
import { Journal } from './journal.js';
import { jsonBytes, jsonValue, plain } from './side-by-side.js';
import { handlerEnded, isCancelled, PATH, type Scenario, type StreamObserved, watched } from './streams.js';

const nextTurn = () => new Promise(setImmediate);

/** Executes a scenario's handler with a client of its own, which keeps to its window and takes every item. */
export class OurStream {
  readonly journal = new Journal();
  readonly items: StreamItem[] = [];
  readonly faults: HandlerFault[] = [];
  readonly execution: StreamExecution;
  #started = false;
  #position = 0;
  /** The client may send messages up to this position. */
  #sendable = STREAM_WINDOW;
  #credited = 0;

  constructor(scenario: Scenario, request: Request) {
    const handler = watched(scenario, this.journal);
    this.execution = new StreamExecution({
      captured: capturedOf(scenario, (...args: Parameters<typeof handler>) => {
        this.#started = true;
        return handler(...args);
      }),
      request,
      peer: '127.0.0.1:5000',
      onItem: (item) => this.#onItem(item),
      onFault: (fault) => this.faults.push(fault),
    });
  }

  get started(): boolean {
    return this.#started;
  }

  async step(act: (execution: StreamExecution) => void): Promise<void> {
    act(this.execution);
    await nextTurn();
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.until(() => this.#position < this.#sendable || this.execution.over);
    this.#position++;
    await this.step((execution) => execution.message(bytes));
  }

  /** Takes items until the condition holds. */
  async until(condition: (journal: Journal) => boolean): Promise<void> {
    while (!condition(this.journal)) {
      const upTo = this.items.length;
      if (upTo === this.#credited) await nextTurn();
      else {
        this.#credited = upTo;
        await this.step((execution) => execution.credit(upTo));
      }
    }
  }

  #onItem(item: StreamItem): void {
    if (this.items.at(-1)?.kind === 'status') throw new Error(`a ${item.kind} after the status`);
    this.items.push(item);
    if (item.kind === 'message') this.journal.received(Buffer.from(item.message).toString());
    if (item.kind === 'window') this.#sendable = item.upTo + STREAM_WINDOW;
  }
}

function capturedOf({ kind, definition }: Scenario, handler: unknown): CapturedStream {
  return {
    kind,
    path: PATH,
    handler,
    requestDeserialize: jsonValue,
    responseSerialize: jsonBytes,
    requestSerialize: jsonBytes,
    responseDeserialize: jsonValue,
    readOnly: false,
    descriptor: {},
    ...definition,
  } as CapturedStream;
}

/**
 * Opens the stream of a scenario; for server streaming with the client's first message.
 *
 * @param context calls its argument, now or soon
 */
export async function openStream(
  scenario: Scenario,
  context: (act: () => void) => void = (act) => act(),
): Promise<OurStream> {
  const [first] = scenario.kind === 'serverStream' ? scenario.client : [];
  const stream = new OurStream(scenario, {
    method: PATH,
    message: messageOf(first) ?? new Uint8Array(0),
    ...(scenario.metadata !== undefined && { metadata: entriesOf(scenario.metadata) }),
    ...(scenario.deadline !== undefined && { deadlineMs: scenario.deadline }),
  });
  await stream.step((execution) => context(() => execution.start()));
  return stream;
}

/** Plays a scenario without any grpc-js between client and handler. */
export async function playOurs(scenario: Scenario): Promise<StreamObserved & { readonly faults: HandlerFault[] }> {
  const stream = await openStream(scenario);
  for (const step of scenario.client.slice(scenario.kind === 'serverStream' ? 1 : 0)) {
    const bytes = messageOf(step);
    if (bytes !== undefined) await stream.write(bytes);
    else if (step === 'end') await stream.step((execution) => execution.end());
    else if (step === 'cancel') await stream.step((execution) => execution.cancel());
    else if (typeof step === 'object' && 'until' in step) await stream.until(step.until);
  }
  await stream.until(() => stream.execution.over);
  if (stream.started) await stream.until(handlerEnded);
  return { ...observed(scenario, stream), faults: stream.faults };
}

function messageOf(step: Scenario['client'][number] | undefined): Buffer | undefined {
  if (typeof step !== 'object' || 'until' in step) return undefined;
  return 'bytes' in step ? step.bytes : jsonBytes(step.write);
}

function observed(scenario: Scenario, { items, journal }: OurStream): StreamObserved {
  const metadata = items.find((item) => item.kind === 'metadata');
  const last = items.find((item) => item.kind === 'status');
  const ended = last && replyOf(last.outcome);
  const status = ended && { code: ended.code, details: ended.details, metadata: told(ended.trailers) };
  return {
    initialMetadata: metadata === undefined ? 'none' : told(metadata.entries),
    messages: journal.messages,
    status: isCancelled(scenario) && status === undefined ? 'cancelled' : status,
    handler: journal.handler,
  };
}

/** The entries in the form in which they arrive over HTTP/2, which joins the texts of one key. */
function told(entries: MetadataEntries | undefined): unknown {
  const metadata = metadataOf(entries);
  for (const key of Object.keys(metadata.getMap())) {
    if (!key.endsWith('-bin')) metadata.set(key, metadata.get(key).join(', '));
  }
  return plain(metadata);
}
