/** What ties a replica to OpenTelemetry. */
import { type Attributes, type Meter, metrics, type Tracer, trace } from '@opentelemetry/api';
import type { HandlerTracing, ReplicaServer, TracedExecution } from '@understudy/server';
import { type ExecutionSetup, RecordedExecution, UnrecordedExecution } from './execution.js';
import { CALL_DURATION, CALLS, SCOPE } from './names.js';
import { observe } from './observation.js';

export interface TelemetryOptions {
  /** Makes spans of the executions on backups too, and of those that a new primary does again. Default `false`. */
  readonly backups?: boolean;
  /** Attributes of every span and every metric. Default: none. */
  readonly attributes?: Attributes;
  /** Makes the spans of handlers. Default: the one that is registered with OpenTelemetry's API. */
  readonly tracer?: Tracer;
  /** Makes the metrics. Default: the one that is registered with OpenTelemetry's API. */
  readonly meter?: Meter;
}

/** The option `tracing` of `createReplica`, and the replica's metrics. */
export interface Telemetry extends HandlerTracing {
  /**
   * Measures a replica whenever metrics are collected.
   *
   * @returns a function that ends this
   */
  observe(replica: ReplicaServer): () => void;
}

/**
 * Makes a replica's calls spans of their callers' traces, and its state metrics.
 *
 * @example
 * const telemetry = openTelemetry();
 * const replica = createReplica({ ...options, tracing: telemetry });
 * telemetry.observe(replica);
 */
export function openTelemetry(options: TelemetryOptions = {}): Telemetry {
  const { backups = false, attributes = {} } = options;
  const tracer = options.tracer ?? trace.getTracer(SCOPE);
  const meter = options.meter ?? metrics.getMeter(SCOPE);
  const calls = meter.createCounter(CALLS.name, CALLS);
  const duration = meter.createHistogram(CALL_DURATION.name, CALL_DURATION);
  const setup: ExecutionSetup = {
    tracer,
    attributes,
    onEnd: (of, startedMs) => {
      calls.add(1, { ...attributes, ...of });
      const seconds = (performance.now() - startedMs) / 1000;
      if (of['understudy.primary'] === true) duration.record(seconds, { ...attributes, ...of });
    },
  };
  return {
    begin: (execution: TracedExecution) =>
      execution.live || backups ? new RecordedExecution(setup, execution) : new UnrecordedExecution(setup, execution),
    observe: (replica) => observe(replica, meter, attributes),
  };
}
