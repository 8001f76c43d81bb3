/** Sets OpenTelemetry up as a program does before it loads anything else. */
import { context, propagation, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { BatchLogRecordProcessor, InMemoryLogRecordExporter, LoggerProvider } from '@opentelemetry/sdk-logs';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

export const exporter = new InMemorySpanExporter();

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
// A batch processor sets a timer in the context of the span that ends first in a batch.
const spanProcessors = [new SimpleSpanProcessor(exporter), new BatchSpanProcessor(new InMemorySpanExporter())];
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
const logBatches = new BatchLogRecordProcessor({ exporter: new InMemoryLogRecordExporter() });
logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [logBatches] }));
new GrpcInstrumentation().enable();
