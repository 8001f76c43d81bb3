/** Executions of handlers as spans and as counts. */
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { HandlerTrace, TracedExecution } from '@understudy/server';

type Metadata = TracedExecution['metadata'];

/** OpenTelemetry's SDKs record nothing in a context that has this. */
const UNRECORDED: Context = ROOT_CONTEXT.setValue(
  createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING'),
  true,
);

const FROM_METADATA: TextMapGetter<Metadata> = {
  get: (metadata, key) => metadata.get(key).map(String),
  keys: (metadata) => Object.keys(metadata.getMap()),
};

/** Says how an execution ended. */
export type Ended = (attributes: Attributes, startedMs: number) => void;

export interface ExecutionSetup {
  readonly tracer: Tracer;
  /** Attributes of every span. */
  readonly attributes: Attributes;
  readonly onEnd: Ended;
}

/** The attributes that name a method. */
export function methodAttributes(path: string): Attributes {
  const slash = path.lastIndexOf('/');
  return { 'rpc.system': 'grpc', 'rpc.service': path.slice(1, slash), 'rpc.method': path.slice(slash + 1) };
}

abstract class Execution implements HandlerTrace {
  readonly #startedMs = performance.now();
  readonly #setup: ExecutionSetup;
  readonly #execution: TracedExecution;
  #ended = false;

  constructor(setup: ExecutionSetup, execution: TracedExecution) {
    this.#setup = setup;
    this.#execution = execution;
  }

  abstract within<T>(run: () => T): T;

  end(code: number, details: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.ended(code, details);
    const { path, live } = this.#execution;
    const attributes = { ...methodAttributes(path), 'rpc.grpc.status_code': code, 'understudy.primary': live };
    this.#setup.onEnd(attributes, this.#startedMs);
  }

  protected abstract ended(code: number, details: string): void;
}

/** An execution that is a span: a child of the caller's. */
export class RecordedExecution extends Execution {
  readonly #span: Span;
  readonly #context: Context;

  constructor(setup: ExecutionSetup, execution: TracedExecution) {
    super(setup, execution);
    const { path, metadata, live } = execution;
    const parent = propagation.extract(ROOT_CONTEXT, metadata, FROM_METADATA);
    const attributes = { ...setup.attributes, ...methodAttributes(path), 'understudy.primary': live };
    this.#span = setup.tracer.startSpan(`grpc.${path.slice(1)}`, { kind: SpanKind.SERVER, attributes }, parent);
    this.#context = trace.setSpan(parent, this.#span);
  }

  within<T>(run: () => T): T {
    return context.with(this.#context, run);
  }

  protected ended(code: number, details: string): void {
    this.#span.setAttribute('rpc.grpc.status_code', code);
    if (code !== 0) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: details });
    this.#span.end();
  }
}

/** An execution that no trace may show: one on a backup, or one that a new primary repeats. */
export class UnrecordedExecution extends Execution {
  within<T>(run: () => T): T {
    return context.with(UNRECORDED, run);
  }

  protected ended(): void {}
}
