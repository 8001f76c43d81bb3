import type { CapturedUnary, UnaryHandler } from '../../capture/captured.js';
import { jsonBytes, jsonValue } from './side-by-side.js';

/** Makes a method as if it had been captured, with JSON on both sides. */
export const capturedJson = (
  path: string,
  handler: UnaryHandler = (_call, callback) => callback(null, 1),
): CapturedUnary => ({
  kind: 'unary',
  path,
  handler,
  requestSerialize: jsonBytes,
  requestDeserialize: jsonValue,
  responseSerialize: jsonBytes,
  responseDeserialize: jsonValue,
  readOnly: false,
  descriptor: {
    path,
    requestStream: false,
    responseStream: false,
    requestDeserialize: jsonValue,
    responseSerialize: jsonBytes,
  },
});
