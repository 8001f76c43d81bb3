/** The interface by which executions of handlers take part in traces. */
import type { Metadata } from '@grpc/grpc-js';

/** A handler that is about to run for a call. */
export interface TracedExecution {
  /** `/package.Service/Method` */
  readonly path: string;
  /** The metadata that the caller sent. */
  readonly metadata: Metadata;
  /**
   * Whether this replica answers the call as the primary. Otherwise it follows the primary, or repeats an execution.
   */
  readonly live: boolean;
}

/** The trace of one execution. */
export interface HandlerTrace {
  /** Runs a part of the handler. */
  within<T>(run: () => T): T;
  /** Says how the call ended, once. */
  end(code: number, details: string): void;
}

/** Puts executions of handlers into traces: `openTelemetry()` of `@understudy/otel`. */
export interface HandlerTracing {
  begin(execution: TracedExecution): HandlerTrace;
}
