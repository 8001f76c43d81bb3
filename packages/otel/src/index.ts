/** Traces and metrics of replicated services, by OpenTelemetry's API. */
export { openTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.js';
